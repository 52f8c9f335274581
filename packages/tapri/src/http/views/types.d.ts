// these packages ship no types of their own
declare module 'ejs' {
  interface Options {
    readonly filename: string
    readonly root: string
    readonly views: readonly string[]
    readonly cache: boolean
  }
  const ejs: {
    compile(text: string, options: Options): (data: object) => string
  }
  export default ejs
}
declare module 'pug' {
  const pug: {
    compileFile(file: string, options: { readonly basedir: string; readonly cache: boolean }): (data: object) => string
  }
  export default pug
}

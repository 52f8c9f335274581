export function testFiles(folder: string, filters?: readonly string[]): string[]

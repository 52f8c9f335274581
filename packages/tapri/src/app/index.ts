export { fromExpress, fromExpressErrors, fromFetch, rateLimit, responseCache, sessions } from '../http/index.ts'
export { deny, type Issue, invalid, notFound, TapriError } from '../kit/errors.ts'
export {
  type Channel,
  type ChannelMessage,
  type ChannelOpener,
  type ChannelOptions,
  channel,
  type Member,
  type SendOptions,
  type ServerChannel,
} from '../live/index.ts'
export { apiDocument } from './api-document.ts'
export type { ErrorCode } from './codes.ts'
export { planMigration } from './migration.ts'
export type { Module, ModuleParts, StartContext } from './module.ts'
export { listRoutes, type RouteLine } from './routes.ts'
export { type Service, type ServiceContext, type ServiceOptions, service } from './service.ts'
export { type Started, type StartedOptions, startApp } from './start.ts'
export { tapri } from './tapri.ts'
export type {
  App,
  AppDescription,
  AppParts,
  Context,
  Folder,
  Kit,
  MemberContext,
  RunningApp,
  StartOptions,
  User,
} from './types.ts'

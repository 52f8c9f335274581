export { fromFile } from './adapters/file-source.ts'
export type { Offer, OwnSocket, OwnSocketListener } from './adapters/offer.ts'
export { callerAddress, isLocalAddress, senderOf, type TrustProxy } from './address.ts'
export { Answer } from './answer.ts'
export type { CacheOptions } from './cache-control.ts'
export { bodyKind } from './compile.ts'
export {
  type ConnectErrorHandler,
  type ConnectHandler,
  type ExpressMiddleware,
  fromExpress,
  fromExpressErrors,
} from './connect.ts'
export { exchangeOf, HttpContext } from './context.ts'
export { type CookieOptions, formatCookie, readCookies } from './cookies.ts'
export type { CorsOptions } from './cors.ts'
export { allowsOrigin, type OriginRules } from './csrf.ts'
export { httpError } from './errors.ts'
export type { ServerEvent } from './events.ts'
export type { Exchange } from './exchange.ts'
export type { Folder } from './folders.ts'
export { announcesBody, showsCredential } from './guard.ts'
export { sendInterim } from './interim.ts'
export { controller, middleware, routeKit, servedRoutes } from './kit.ts'
export { Limit, type LimitNumbers, type TryLimit } from './limit.ts'
export { manifestOf } from './manifest.ts'
export { mediaType } from './media-type.ts'
export type { Mount } from './mounts.ts'
export { layer } from './onion.ts'
export type { OpenFile } from './open-file.ts'
export { type OpenApiOptions, openApi } from './openapi/document.ts'
export type { ToldOperation } from './openapi/operation.ts'
export type { ProblemKind, ProblemKinds } from './openapi/problems.ts'
export { type Problem, problemOf } from './problem.ts'
export { type RangeSource, sendRanges } from './ranges.ts'
export { type RateLimitOptions, rateLimit } from './rate-limit.ts'
export { RedisLimit, type RedisLimitOptions } from './redis-limit.ts'
export { explorerFile, missingExplorerPage, type ReferenceOptions, referencePage, referencePolicy } from './reference.ts'
export { Reply, type StreamOptions } from './reply.ts'
export { type ResponseCacheOptions, responseCache } from './response-cache.ts'
export { suitsSecureCookie } from './secure.ts'
export type { ReceivedForm } from './serve.ts'
export { type HttpOptions, type HttpServer, type OfferHandler, openHttp, type UpgradeHandler } from './server.ts'
export { type Session, type SessionOptions, sessions } from './session.ts'
export type {
  Controller,
  ControllerOptions,
  Handler,
  Inputs,
  Method,
  Middleware,
  MiddlewareRun,
  PathParams,
  Route,
  RouteDefinition,
  RouteKit,
  RouteSpec,
  Sends,
  ServedRoute,
  Verb,
} from './types.ts'
export type { RenderOptions, ViewOptions } from './views/views.ts'
export { type FetchHandler, fromFetch } from './web.ts'

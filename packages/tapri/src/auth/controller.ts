import type { Controller } from '../http/index.ts'
import { controller, routeKit } from '../http/index.ts'
import { email, type Fields, nothing, nullable, rowNamed, text } from '../schema/index.ts'
import { authError } from './errors.ts'
import { type AuthContext, type AuthService, authService } from './service.ts'
import type { Caller } from './sessions.ts'

/** What the app puts on the context of these routes. */
export type AuthRouteContext = AuthContext & {
  readonly [authService]: AuthService
  readonly user: Caller['user'] | null
}

/** NIST SP 800-63B: at least 8 characters, and no rule about which. */
const newPassword = text({ min: 8, max: 256 })
/** A shorter one is wrong, not badly formed: the answer must not help who guesses. */
const credentials = { email: email(), password: text({ min: 1, max: 256 }) }
/** The app's own model, whose declaration this room does not have. */
const own = rowNamed('users', { private: true })
const limited = { TAPRI_AUTH_TOO_MANY: 429 }

/**
 * Sign-up, sign-in, sign-out, tokens and who-am-I as routes. Signing up tells whether an e-mail address has an
 * account (TAPRI_AUTH_EMAIL_TAKEN): without mail there is no other way to tell a newcomer why, so it is limited
 * per sender instead. Signing in never tells.
 * @throws TAPRI_AUTH_FIELDS when `signUp` has no unique e-mail address, or a name that is taken here
 * @example const auth = authController({ signUp: pick(users, 'email', 'name', 'avatar') })
 */
export function authController(options: { readonly signUp: Fields; readonly path?: string }): Controller<any> {
  checkFields(options.signUp)
  const routes = routeKit<AuthRouteContext>('visitor')
  const body = { ...options.signUp, password: newPassword }
  const enter = { body: credentials, errors: { TAPRI_AUTH_WRONG: 401, ...limited } }
  return controller(options.path ?? '/auth', {
    signUp: routes.post(
      '/sign-up',
      {
        body,
        output: own,
        errors: { TAPRI_AUTH_EMAIL_TAKEN: 409, ...limited },
        summary: 'Makes an account and signs in: sets the session cookie',
      },
      (context) => context[authService].signUp(context, context.body),
    ),
    signIn: routes.post('/sign-in', { ...enter, output: own, summary: 'Signs in: sets the session cookie' }, (context) =>
      context[authService].signIn(context, context.body),
    ),
    signOut: routes.post('/sign-out', { output: nothing, summary: 'Ends the session' }, (context) =>
      context[authService].signOut(context),
    ),
    token: routes.post(
      '/token',
      { ...enter, output: { token: text(), user: own }, summary: 'A bearer token for programs' },
      (context) => context[authService].signInForToken(context, context.body),
    ),
    me: routes.get('/me', { output: nullable(own), summary: 'The signed-in user, null for a visitor' }, ({ user }) => user),
  })
}

function checkFields(signUp: Fields): void {
  const facts = signUp.email?.['~field']
  if (facts?.kind !== 'email' || !facts.unique || facts.optional) {
    throw authError(
      'TAPRI_AUTH_FIELDS',
      'Cannot use these fields to sign up: "email" must be an email({ unique: true }) among them',
    )
  }
  for (const name of ['password', 'id']) {
    if (!(name in signUp)) continue
    throw authError('TAPRI_AUTH_FIELDS', `Cannot use these fields to sign up: "${name}" is not for the app's users, take it out`)
  }
}

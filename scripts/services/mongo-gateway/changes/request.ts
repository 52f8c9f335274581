import { type Document, decode } from '../bson.ts'
import type { Command } from '../command.ts'
import { contentOf, documentOf, elementsOf } from '../document.ts'
import { CommandError } from '../errors.ts'
import type { Images } from './event.ts'

/** Where a stream begins, when not now: at a token or at a time. */
export interface Start {
  readonly token: unknown
  readonly time: bigint
  /** `resumeAfter` does not go on after the end of a stream, as `startAfter` does. */
  readonly refusesEnd: boolean
}

/** What a stream asks for: https://www.mongodb.com/docs/manual/reference/operator/aggregation/changeStream/ */
export interface Request {
  readonly images: Images
  readonly start: Start | undefined
  /** The stages that events go through. */
  readonly stages: readonly Buffer[]
  /** Of the command; a stream of the whole server has none. */
  readonly database: string | undefined
  readonly collection: string | undefined
  readonly answersAs: string
}

const allowed = new Set(['$addFields', '$match', '$project', '$replaceRoot', '$replaceWith', '$redact', '$set', '$unset'])

/** Whether an aggregation has the stage of a change stream, at whatever place. */
export function isChangeStream({ name, body }: Command): boolean {
  return name === 'aggregate' && stagesOf(body).some((stage) => nameOf(stage) === '$changeStream')
}

/** @throws what MongoDB says of a stream that cannot be */
export function readRequest({ body, target, database, settings, transaction }: Command): Request {
  const [first, ...stages] = stagesOf(body)
  if (first === undefined || nameOf(first) !== '$changeStream' || stages.some((stage) => nameOf(stage) === '$changeStream')) {
    throw new CommandError(40602, 'Location40602', '$changeStream is only valid as the first stage in a pipeline')
  }
  if (transaction !== undefined) {
    const message =
      'Operation not permitted in transaction :: caused by :: Aggregation stage $changeStream cannot run within a multi-document transaction'
    throw new CommandError(263, 'OperationNotSupportedInTransaction', message)
  }
  const level = levelOf(settings.readConcern)
  if (level !== 'majority') {
    const message = `$changeStream cannot run with a readConcern other than 'majority'. Current readConcern: ${level}`
    throw new CommandError(72, 'InvalidOptions', message)
  }
  for (const stage of stages) {
    if (allowed.has(nameOf(stage))) continue
    throw new CommandError(20, 'IllegalOperation', `${nameOf(stage)} is not permitted in a $changeStream pipeline`)
  }
  const options = optionsOf(first)
  const isWhole = options.allChangesForCluster === true
  const collection = typeof target === 'string' ? target : undefined
  return {
    images: { fullDocument: options.fullDocument, fullDocumentBeforeChange: options.fullDocumentBeforeChange },
    start: readStart(options),
    stages,
    database: isWhole ? undefined : database,
    collection,
    answersAs: `${database}.${collection ?? '$cmd.aggregate'}`,
  }
}

function readStart({ resumeAfter, startAfter, startAtOperationTime: at }: Document): Start | undefined {
  const given = [resumeAfter, startAfter, at].filter((each) => each !== undefined)
  if (given.length > 1) {
    throw new CommandError(40674, 'Location40674', 'Only one type of resume option is allowed, but multiple were found.')
  }
  if (given.length === 0) return undefined
  const time = typeof at === 'object' && at !== null && 'toBigInt' in at && typeof at.toBigInt === 'function' ? at.toBigInt() : 0n
  return { token: resumeAfter ?? startAfter, time, refusesEnd: resumeAfter !== undefined }
}

function stagesOf(body: Buffer): Buffer[] {
  const pipeline = elementsOf(body).find(({ name }) => name === 'pipeline')
  return pipeline === undefined ? [] : elementsOf(contentOf(pipeline)).map(contentOf)
}

function nameOf(stage: Buffer): string {
  return elementsOf(stage)[0]?.name ?? ''
}

function optionsOf(stage: Buffer): Document {
  const [options] = elementsOf(stage)
  return options === undefined ? {} : decode(documentOf(elementsOf(contentOf(options))))
}

function levelOf(concern: unknown): unknown {
  const isGiven = typeof concern === 'object' && concern !== null && 'level' in concern
  // a stream reads what most members have, unless another is asked for
  return isGiven ? concern.level : 'majority'
}

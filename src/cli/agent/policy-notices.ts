/** `backup policy notices set|clear|test`: who is told what became of the runs of a source. */

import { Argument, type Command } from 'commander'
import { resolve } from 'node:path'
import { BackupError } from '../../base/errors.ts'
import { changeSource } from '../../agent/state/change-policy.ts'
import {
  checkedMail,
  checkedNotices,
  checkedWebhook,
  parseMailSecurity,
  parseNoticeKinds,
  parsePort,
  usualKinds,
  type MailSecurity,
  type MailSettings,
  type NoticeKind,
  type NoticeSettings,
  type WebhookSettings,
} from '../../policy/notices.ts'
import { parseDuration } from '../../policy/schedule-words.ts'
import type { CommandContext } from './context.ts'
import { sendTest } from './notices.ts'
import { unknownSource, usualSource } from './open.ts'
import { sourceOption, stateOf } from './state-of.ts'

interface SetOptions {
  readonly on?: NoticeKind[]
  readonly details?: boolean
  readonly caFile?: string
  readonly webhook?: string
  readonly webhookTokenFile?: string
  readonly webhookTimeLimit?: number
  readonly smtp?: string
  readonly smtpPort?: number
  readonly smtpTls?: MailSecurity
  readonly smtpUser?: string
  readonly smtpPasswordFile?: string
  readonly from?: string
  readonly to?: string[]
}

export function addPolicyNotices(policy: Command, context: CommandContext): void {
  const notices = policy.command('notices').description('say who is told what runs came to')
  notices
    .command('set')
    .description('by a webhook, by mail or by both; what is not said stays')
    .option('--on <what>', 'failure, warning, success, missed, with commas', parseNoticeKinds)
    .option('--details', 'tell messages of errors and paths of files that were left out')
    .option('--no-details', 'name no file')
    .option('--ca-file <file>', 'certificates (PEM) that are believed besides the usual ones')
    .option('--webhook <url>', 'https://…, to which JSON is sent')
    .option('--webhook-token-file <file>', 'holds a token for Authorization: Bearer')
    .option('--webhook-time-limit <duration>', 'of each of three tries (10s)', parseDuration)
    .option('--smtp <host>', 'the mail server')
    .option('--smtp-port <port>', '587, with --smtp-tls tls 465', parsePort)
    .option('--smtp-tls <how>', 'starttls (always, or not sent), tls or off', parseMailSecurity)
    .option('--smtp-user <name>', 'as whom to log in')
    .option('--smtp-password-file <file>', 'holds the password')
    .option('--from <address>', 'from whom mails come')
    .option('--to <address...>', 'to whom they go')
    .action((options: SetOptions, command: Command) =>
      change(context, command, (old) => wantedNotices(context, options, old)),
    )
  notices
    .command('clear')
    .description('all of them, or one way')
    .addArgument(new Argument('[way]').choices(['webhook', 'smtp']))
    .action((way: 'webhook' | 'smtp' | undefined, _options: unknown, command: Command) =>
      change(context, command, (old) => withoutWay(old, way)),
    )
  notices
    .command('test')
    .description('send one now')
    .action((_options: unknown, command: Command) => test(context, command))
}

/** @throws BackupError `usage` */
function wantedNotices(
  context: CommandContext,
  options: SetOptions,
  old: NoticeSettings | undefined,
): NoticeSettings {
  const at = (file: string | undefined) => file && resolve(context.host.cwd(), file)
  return checkedNotices({
    on: options.on ?? old?.on ?? usualKinds,
    details: options.details ?? old?.details ?? false,
    caFile: at(options.caFile) ?? old?.caFile,
    webhook: wantedWebhook(
      {
        url: options.webhook,
        tokenFile: at(options.webhookTokenFile),
        timeLimitMs: options.webhookTimeLimit,
      },
      old?.webhook,
    ),
    smtp: wantedMail(
      {
        ...{ host: options.smtp, port: options.smtpPort, tls: options.smtpTls },
        ...{ from: options.from, to: options.to, user: options.smtpUser },
        passwordFile: at(options.smtpPasswordFile),
      },
      old?.smtp,
    ),
  })
}

type Said<T> = { readonly [Name in keyof T]: T[Name] | undefined }

/** Another address begins anew: no token goes where it was not meant for. */
function wantedWebhook(
  said: Said<WebhookSettings>,
  old: WebhookSettings | undefined,
): WebhookSettings | undefined {
  const given = givenOf(said)
  if (Object.keys(given).length === 0) return old
  return checkedWebhook(said.url === undefined ? { ...old, ...given } : given)
}

/** Another server gets no password that was not meant for it; another way of TLS has a port of its own. */
function wantedMail(
  said: Said<MailSettings>,
  old: MailSettings | undefined,
): MailSettings | undefined {
  const given = givenOf(said)
  if (Object.keys(given).length === 0) return old
  const { user, passwordFile, port, ...kept } = old ?? ({} as Partial<MailSettings>)
  const login = said.host === undefined ? { user, passwordFile } : {}
  const samePort = said.host === undefined && said.tls === undefined ? { port } : {}
  return checkedMail({ ...kept, ...login, ...samePort, ...given })
}

const givenOf = <T extends object>(said: T): { [Name in keyof T]?: T[Name] } =>
  Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined)) as T

function withoutWay(
  old: NoticeSettings | undefined,
  way: 'webhook' | 'smtp' | undefined,
): NoticeSettings | undefined {
  if (old === undefined || way === undefined) return undefined
  const left = { ...old, [way]: undefined }
  return left.webhook === undefined && left.smtp === undefined ? undefined : left
}

async function change(
  { host, output }: CommandContext,
  command: Command,
  edit: (old: NoticeSettings | undefined) => NoticeSettings | undefined,
): Promise<void> {
  const source = sourceOption(command) ?? usualSource
  let notices: NoticeSettings | undefined
  await changeSource(stateOf(host), source, (old) => {
    notices = edit(old.notices)
    return { ...old, notices }
  })
  output.event({ event: 'notices', source, notices: notices ?? null })
  output.line(`Source ${source}`)
  for (const line of noticeLines(notices)) output.line(`  ${line}`)
}

/** @throws BackupError `notice-unsent` where a way does not take it */
async function test(context: CommandContext, command: Command): Promise<void> {
  const state = stateOf(context.host)
  const source = sourceOption(command) ?? usualSource
  const policy = (await state.loadPolicy())[source]
  if (policy === undefined) throw unknownSource(source)
  if (policy.notices === undefined) {
    throw new BackupError('usage', `Nobody is told of the source ${source}.`, {
      hint: 'Say who: backup policy notices set --webhook URL',
    })
  }
  const failed = await sendTest(context, state, { source, settings: policy.notices })
  if (failed.length === 0) return
  const ways = failed.map(({ by, host }) => `by ${by} (${host})`).join(' and ')
  throw new BackupError('notice-unsent', `The notice could not be sent ${ways}.`, {
    hint: failed.map(({ by, failure }) => `${by}: ${failure ?? ''}`).join('; '),
  })
}

/** For people; none where there are none. */
export function noticeLines(notices: NoticeSettings | undefined): string[] {
  if (notices === undefined) return []
  const { on, details, webhook, smtp } = notices
  return [
    `notices  on ${on.join(', ')}${details ? ', with details' : ''}`,
    ...(webhook ? [`         webhook ${new URL(webhook.url).host}`] : []),
    ...(smtp ? [`         mail by ${smtp.host}:${smtp.port} to ${smtp.to.join(', ')}`] : []),
  ]
}

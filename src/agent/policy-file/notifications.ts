/** `notifications`: who is told what became of the runs of a source. */

import {
  checkedMail,
  checkedNotices,
  checkedWebhook,
  parseMailSecurity,
  parseNoticeKind,
  parsePort,
  parseWholePath,
  usualKinds,
  type MailSettings,
  type NoticeSettings,
  type WebhookSettings,
} from '../../policy/notices.ts'
import { parseDuration, shortDuration } from '../../policy/schedule-words.ts'
import { parseSwitch } from '../../policy/switch-words.ts'
import type { Place } from './place.ts'
import type { PolicySection } from './section.ts'

export const notificationsSection: PolicySection = {
  key: 'notifications',
  read: (place) => ({ notices: place && noticesAt(place) }),
  write: ({ notices }) =>
    notices && {
      on: notices.on,
      details: notices.details ? 'yes' : 'no',
      ...(notices.caFile !== undefined && { 'ca-file': notices.caFile }),
      ...(notices.webhook && { webhook: writtenWebhook(notices.webhook) }),
      ...(notices.smtp && { smtp: writtenMail(notices.smtp) }),
    },
  effects: () => ['Try it: backup policy notices test'],
}

function noticesAt(place: Place): NoticeSettings {
  const said = place.fields(['on', 'details', 'ca-file', 'webhook', 'smtp'])
  const [webhook, smtp] = [said.get('webhook'), said.get('smtp')]
  return place.checked(() =>
    checkedNotices({
      on:
        said
          .get('on')
          ?.list()
          .map((kind) => kind.parsed(parseNoticeKind)) ?? usualKinds,
      details: said.get('details')?.parsed(parseSwitch) ?? false,
      caFile: said.get('ca-file')?.parsed(parseWholePath),
      webhook: webhook && webhookAt(webhook),
      smtp: smtp && mailAt(smtp),
    }),
  )
}

function webhookAt(place: Place): WebhookSettings {
  const said = place.fields(['url', 'token-file', 'time-limit'])
  const webhook = {
    url: said.need('url').text(),
    tokenFile: said.get('token-file')?.parsed(parseWholePath),
    timeLimitMs: said.get('time-limit')?.parsed(parseDuration),
  }
  return place.checked(() => checkedWebhook(webhook))
}

function mailAt(place: Place): MailSettings {
  const said = place.fields(['host', 'port', 'tls', 'from', 'to', 'user', 'password-file'])
  const mail = {
    host: said.need('host').text(),
    port: said.get('port')?.parsed(parsePort),
    tls: said.get('tls')?.parsed(parseMailSecurity),
    from: said.need('from').text(),
    to: said
      .need('to')
      .list()
      .map((address) => address.text()),
    user: said.get('user')?.text(),
    passwordFile: said.get('password-file')?.parsed(parseWholePath),
  }
  return place.checked(() => checkedMail(mail))
}

const writtenWebhook = ({ url, tokenFile, timeLimitMs }: WebhookSettings) => ({
  url,
  ...(tokenFile !== undefined && { 'token-file': tokenFile }),
  'time-limit': shortDuration(timeLimitMs),
})

const writtenMail = ({ host, port, tls, from, to, user, passwordFile }: MailSettings) => ({
  ...{ host, port, tls, from, to },
  ...(user !== undefined && { user }),
  ...(passwordFile !== undefined && { 'password-file': passwordFile }),
})

// The templates that are used where the administrator has none: what amavisd's say, in our template language.

const about = `Our reference: {{log_id}}/{{mail_id}}
{{#client_address}}
Client: [{{client_address}}] {{client_name}}
{{/client_address}}
{{#source}}
According to the Received trace it came from: [{{source}}]
{{/source}}
Return-Path: <{{sender}}>
{{#from}}
From: {{from}}
{{/from}}
{{#message_id}}
Message-ID: {{message_id}}
{{/message_id}}
{{#subject}}
Subject: {{subject}}
{{/subject}}
`;

const found = `{{#viruses}}
Virus: {{.}}
{{/viruses}}
{{#banned}}
Banned: {{.}}
{{/banned}}
{{#header_faults}}
Bad header: {{.}}
{{/header_faults}}
`;

const fate = `{{#quarantine}}
Kept as: {{.}}
{{/quarantine}}
{{^quarantine}}
No copy is kept.
{{/quarantine}}
{{#delivered}}
Delivered to: <{{address}}>
{{/delivered}}
{{#blocked}}
Not delivered to: <{{address}}>
    {{reply}}
{{/blocked}}
`;

const from = "{{#local}}LOCAL {{/local}}{{#client_address}}[{{client_address}}] {{/client_address}}<{{sender}}>";

const toAdministrator = `Subject: {{category}}{{#found}} ({{found}}){{/found}} in mail FROM ${from}

${found}
${about}
${fate}`;

const spamToAdministrator = `Subject: {{category}}{{#score}} (score {{score}}){{/score}} FROM ${from}

{{#score}}
Score: {{score}}
{{/score}}
{{#tests}}
    {{.}}
{{/tests}}

${about}
${fate}`;

const toRecipient = `Subject: {{category}}{{#found}} ({{found}}){{/found}} in mail TO YOU from <{{sender}}>

The mail filter at {{host}} has stopped a message to you.

${found}
${about}
{{#quarantine}}
Kept as: {{.}}
{{/quarantine}}
Please ask your administrator if you need it. The sender may be forged.
`;

const spamToRecipient = `Subject: {{category}} TO YOU from <{{sender}}>

The mail filter at {{host}} has stopped a message to you that looks like spam.

${about}
{{#quarantine}}
Kept as: {{.}}
{{/quarantine}}
Please ask your administrator if you need it. The sender may be forged.
`;

const outcome = `{{#blocked}}
<{{address}}>:
    {{reply}}
{{/blocked}}
{{#delivered}}
<{{address}}>, handed on:
    {{reply}}
{{/delivered}}

Our reference: {{log_id}}/{{mail_id}}
`;

const toSender = `Subject: Delivery status notification{{#category}}, {{category}}{{/category}}

This is the mail filter at {{host}}.

{{#category}}
Your message could not be delivered to some of its recipients.
{{/category}}
{{^category}}
Your message was handed on. The next mail server sends no notifications: this is the last one.
{{/category}}
${found}
${outcome}`;

const refusedToSender = `Subject: {{category}}{{#found}} ({{found}}){{/found}} in mail from you

This is the mail filter at {{host}}.

A message that says it is from you was stopped, or is not as it should be:

${found}
${outcome}
Please ask your administrator, or the recipient by other means, if it has to arrive.
`;

const spamToSender = `Subject: Considered unsolicited bulk mail: your message

This is the mail filter at {{host}}.

Your message looks like unsolicited bulk mail and was not delivered:

${outcome}
`;

export const defaultTemplates = {
  notify_sender_templ: toSender,
  notify_virus_sender_templ: refusedToSender,
  notify_spam_sender_templ: spamToSender,
  notify_virus_admin_templ: toAdministrator,
  notify_spam_admin_templ: spamToAdministrator,
  notify_virus_recips_templ: toRecipient,
  notify_spam_recips_templ: spamToRecipient,
} as const;

/** amavisd's settings that hold templates of notices. */
export type TemplateSetting = keyof typeof defaultTemplates;

export const templateSettings: readonly TemplateSetting[] = [
  "notify_sender_templ",
  "notify_virus_sender_templ",
  "notify_spam_sender_templ",
  "notify_virus_admin_templ",
  "notify_spam_admin_templ",
  "notify_virus_recips_templ",
  "notify_spam_recips_templ",
];

#!/bin/sh
# Postfix in the foreground: what main.cf says of this host comes from the environment, the rest from set-up.sh.
set -eu
: "${MAIL_DOMAIN:?the domain of your mail addresses, for instance example.org}"
[ -e /etc/postfix/main.cf ] || cp /usr/share/postfix/main.cf.debian /etc/postfix/main.cf
[ -e /etc/postfix/master.cf ] || cp /usr/share/postfix/master.cf.dist /etc/postfix/master.cf
postconf -e \
  "compatibility_level = 3.6" \
  "myhostname = ${MAIL_HOSTNAME:-mail.$MAIL_DOMAIN}" \
  "mydomain = $MAIL_DOMAIN" \
  "mydestination = " \
  "relay_domains = ${RELAY_DOMAINS:-$MAIL_DOMAIN}" \
  "transport_maps = inline:{${MAIL_DOMAIN}=smtp:${MAILBOX_HOST:?where mail of your domain is delivered, for instance [dovecot]:24}}" \
  "mynetworks = ${MAIL_NETWORKS:-127.0.0.0/8 [::1]/128}" \
  "smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination" \
  "maillog_file = /dev/stdout"
sh "$(dirname "$0")/set-up.sh"
exec postfix start-fg

# What the pages' commands find on a mail server, for steps in a throwaway root. Read by `.`, not run.

say() { echo "== $*"; }

await() { # COMMAND...: true within a minute
  tries=0
  until "$@" > /dev/null 2>&1; do
    tries=$((tries + 1))
    [ $tries -lt 600 ] || { echo "never came true: $*"; cat /tmp/*.log /var/log/postfix.log 2> /dev/null; exit 1; }
    sleep 0.1
  done
}

# A stock Postfix as Debian installs it, for example.org, with a mailbox of bob.
stock_postfix() {
  cp /usr/share/postfix/main.cf.debian /etc/postfix/main.cf
  cp /usr/share/postfix/master.cf.dist /etc/postfix/master.cf
  : > /etc/aliases && postalias /etc/aliases
  postconf -e myhostname=mx.example.org "mydestination = example.org" mynetworks=127.0.0.1/32 inet_interfaces=loopback-only \
    inet_protocols=ipv4 maillog_file=/var/log/postfix.log compatibility_level=3.6 smtp_dns_support_level=disabled \
    alias_maps=hash:/etc/aliases minimal_backoff_time=1s maximal_backoff_time=2s queue_run_delay=1s in_flow_delay=0
  useradd bob
  postfix start
}

# The unit, user and folders, as the package brings them; the program is the checkout's.
service_files() {
  signpost print-unit > /usr/lib/systemd/system/signpost.service
  systemd-sysusers /checkout/packaging/systemd/signpost.sysusers > /dev/null 2>&1
  systemd-tmpfiles --create /checkout/packaging/systemd/signpost.tmpfiles > /dev/null 2>&1
}

# A DNS of our own, and what puts the keys' records into it.
dns() {
  /checkout/node_modules/.bin/node /checkout/test/support/published-dns.ts > /tmp/dns.log 2>&1 &
  await grep -q ready /tmp/dns.log
}

publish() { # [--config FILE] [DOMAIN]
  signpost showkeys --json "$@" > /published.new
  mv /published.new "/published/$(date +%N)"
}

mails() { [ "$(grep -c '^From ' /var/mail/bob)" -ge "$1" ]; }

# A mail of a user to bob, by Postfix: N is how many bob has then.
own_mail() { # N
  smtp-source -m 1 -f alice@example.org -t bob@example.org -S hello -M client.example.org 127.0.0.1:25
  await mails "$1"
}

signed() { # N: so many of bob's mails are signed
  [ "$(grep -c '^DKIM-Signature:' /var/mail/bob)" = "$1" ] || { echo "not signed"; cat /var/mail/bob /tmp/*.log; exit 1; }
}

says() { # WORDS COMMAND...: its output has the words
  words=$1
  shift
  "$@" > /tmp/said 2>&1 || true
  grep -qF -e "$words" /tmp/said || { echo "$* does not say: $words"; cat /tmp/said; exit 1; }
}

until_ready() { # COMMAND...: a daemon in the foreground, ended when it is ready
  "$@" 2> /tmp/until-ready.log &
  daemon=$!
  await grep -q ' ready on ' /tmp/until-ready.log
  kill -TERM $daemon
  wait $daemon || true
}

# The named block of a page.
configuration() { # PAGE
  sed -n "/^\`\`\`signpost.yaml$/,/^\`\`\`$/p" "/checkout/$1" | sed "/^\`\`\`/d"
}

# A mail in a file, of alice to bob.
mail_file() { # FILE
  printf 'From: alice@example.org\r\nTo: bob@example.net\r\nSubject: hello\r\nDate: Fri, 06 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@example.org>\r\n\r\nHello.\r\n' > "$1"
}

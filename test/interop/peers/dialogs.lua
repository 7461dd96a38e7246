-- miltertest (Debian's package of that name) as the MTA: what it makes of our answers. Each dialog is a function that stops at the
-- first thing which is not as it should be.

local function check(what, right)
  if not right then error(what, 3) end
end

local function step(what, trouble)
  if trouble ~= nil then error(what .. ": " .. tostring(trouble), 3) end
end

-- The arguments of negotiate() are in the order in which version 2.11 takes them; its manual has the last two the other way round.
local function open(ip, daemon, version, actions, steps)
  local conn = mt.connect("inet:" .. port .. "@127.0.0.1", 40, 0.25)
  check("connect", conn ~= nil)
  step("negotiate", mt.negotiate(conn, version, steps, actions))
  if daemon ~= nil then step("macro", mt.macro(conn, SMFIC_CONNECT, "{daemon_name}", daemon)) end
  step("conninfo", mt.conninfo(conn, "client.example", ip))
  check("conninfo: continue", mt.getreply(conn) == SMFIR_CONTINUE)
  step("helo", mt.helo(conn, "client.example"))
  return conn
end

local inside, outside = "192.0.2.7", "203.0.113.7"

-- Up to the end of the message; fields: pairs of name and value.
local function mail(conn, from, recipients, fields, body)
  step("macro", mt.macro(conn, SMFIC_MAIL, "i", "4XyZ"))
  step("mailfrom", mt.mailfrom(conn, "<" .. from .. ">", "SIZE=1000", "BODY=8BITMIME"))
  check("mailfrom: continue", mt.getreply(conn) == SMFIR_CONTINUE)
  for _, recipient in ipairs(recipients) do
    step("rcptto", mt.rcptto(conn, "<" .. recipient .. ">"))
    check("rcptto: continue", mt.getreply(conn) == SMFIR_CONTINUE)
  end
  step("data", mt.data(conn))
  for _, field in ipairs(fields) do step("header", mt.header(conn, field[1], field[2])) end
  step("eoh", mt.eoh(conn))
  for _, piece in ipairs(body) do step("body", mt.bodystring(conn, piece)) end
  step("eom", mt.eom(conn))
end

local function header(author, more)
  local fields = { { "From", author }, { "Subject", "hello\n\tthere" } }
  for _, field in ipairs(more or { { "Date", "Sun, 29 Nov 2026 10:00:00 +0000" } }) do fields[#fields + 1] = field end
  return fields
end

local dialogs = {}

function dialogs.signed()
  local conn = open(inside)
  for count = 1, 3 do
    mail(conn, "a@example.com", { "b@elsewhere.example" }, header("a@example.com"), { "Hello.\r\n", "More.\r\n" })
    check("goes on", mt.getreply(conn) == SMFIR_CONTINUE)
    check("signed", mt.eom_check(conn, MT_HDRINSERT, "DKIM-Signature"))
    check("d=", string.find(mt.getheader(conn, "DKIM-Signature", 0), "d=example.com", 1, true) ~= nil)
    check("the body stays", not mt.eom_check(conn, MT_BODYCHANGE))
    check("fields stay", not mt.eom_check(conn, MT_HDRCHANGE, "Subject") and not mt.eom_check(conn, MT_HDRDELETE, "Subject"))
    check("recipients stay", not mt.eom_check(conn, MT_RCPTDELETE, "<b@elsewhere.example>"))
  end
  mt.disconnect(conn)
end

function dialogs.old()
  -- Version 2, where each step is answered and nothing is asked about macros.
  local conn = open(inside, nil, 2, 0x3f, 0x7f)
  mail(conn, "a@example.com", { "b@elsewhere.example" }, header("a@example.com"), { "Hello.\r\n" })
  check("signed", mt.eom_check(conn, MT_HDRINSERT, "DKIM-Signature"))
  mt.disconnect(conn)
end

function dialogs.results()
  local conn = open(outside)
  local forged = { { "Authentication-Results", "mail.example.com; dkim=pass" }, { "Date", "Sun, 29 Nov 2026 10:00:00 +0000" } }
  mail(conn, "x@elsewhere.example", { "b@example.com" }, header("x@elsewhere.example", forged), { "Hello.\r\n" })
  check("goes on", mt.getreply(conn) == SMFIR_CONTINUE)
  check("forged results go", mt.eom_check(conn, MT_HDRDELETE, "Authentication-Results"))
  check("ours come", mt.eom_check(conn, MT_HDRINSERT, "Authentication-Results"))
  mt.disconnect(conn)
end

function dialogs.refused()
  local conn = open(outside)
  mail(conn, "x@strict.example", { "b@example.com" }, header("x@strict.example"), { "Hello.\r\n" })
  check("a reply", mt.getreply(conn) == SMFIR_REPLYCODE)
  -- The next one on the connection is another mail.
  mail(conn, "x@elsewhere.example", { "b@elsewhere.example" }, header("x@elsewhere.example"), { "Hello.\r\n" })
  check("goes on", mt.getreply(conn) == SMFIR_CONTINUE)
  mt.disconnect(conn)
end

function dialogs.discarded()
  local conn = open(outside, "GONE")
  mail(conn, "x@strict.example", { "b@example.com" }, header("x@strict.example"), { "Hello.\r\n" })
  check("discard", mt.getreply(conn) == SMFIR_DISCARD)
  mt.disconnect(conn)
end

function dialogs.held()
  local conn = open(outside, "HELD")
  mail(conn, "x@elsewhere.example", { "b@example.com" }, header("x@elsewhere.example", {}), { "Hello.\r\n" })
  check("goes on", mt.getreply(conn) == SMFIR_CONTINUE)
  check("quarantine", mt.eom_check(conn, MT_QUARANTINE))
  mt.disconnect(conn)
end

function dialogs.recipients()
  local conn = open(outside, "FATES")
  mail(conn, "x@elsewhere.example", { "b@example.com", "lover@example.com" }, header("x@elsewhere.example", {}), { "Hello.\r\n" })
  check("goes on", mt.getreply(conn) == SMFIR_CONTINUE)
  check("b is taken out", mt.eom_check(conn, MT_RCPTDELETE, "<b@example.com>"))
  check("lover is taken out", mt.eom_check(conn, MT_RCPTDELETE, "<lover@example.com>"))
  check("lover+badh is put in", mt.eom_check(conn, MT_RCPTADD, "<lover+badh@example.com>"))
  mt.disconnect(conn)
end

function dialogs.body()
  local conn = open(inside, "MENDS")
  mail(conn, "a@example.com", { "b@elsewhere.example" }, header("a@example.com"), { "Gr\252\223e\r\n" })
  check("goes on", mt.getreply(conn) == SMFIR_CONTINUE)
  check("signed", mt.eom_check(conn, MT_HDRINSERT, "DKIM-Signature"))
  check("the body is another", mt.eom_check(conn, MT_BODYCHANGE))
  mt.disconnect(conn)
end

function dialogs.few()
  -- SMFIF_CHGHDRS alone: a signature cannot be put in.
  local conn = open(inside, nil, 6, 0x10, nil)
  mail(conn, "a@example.com", { "b@elsewhere.example" }, header("a@example.com"), { "Hello.\r\n" })
  check("put off", mt.getreply(conn) == SMFIR_REPLYCODE)
  check("and nothing is asked", not mt.eom_check(conn, MT_HDRINSERT, "DKIM-Signature"))
  mt.disconnect(conn)
end

function dialogs.broken()
  local conn = open(inside)
  step("mailfrom", mt.mailfrom(conn, "<a@example.com>"))
  step("header", mt.header(conn, "From", "someone@elsewhere.example"))
  step("eoh", mt.eoh(conn))
  step("body", mt.bodyrandom(conn, 300000))
  step("abort", mt.abort(conn))
  mail(conn, "a@example.com", { "b@elsewhere.example" }, header("a@example.com"), { "Hello.\r\n" })
  check("signed after all", mt.eom_check(conn, MT_HDRINSERT, "DKIM-Signature"))
  step("mailfrom", mt.mailfrom(conn, "<a@example.com>"))
  mt.disconnect(conn, false)
end

function dialogs.crowd()
  local all = {}
  for place = 1, 30 do all[place] = open(inside) end
  for _, conn in ipairs(all) do
    mail(conn, "a@example.com", { "b@elsewhere.example" }, header("a@example.com"), { string.rep("x", 70000), "\r\n" })
    check("signed", mt.eom_check(conn, MT_HDRINSERT, "DKIM-Signature"))
  end
  for _, conn in ipairs(all) do mt.disconnect(conn) end
end

mt.set_timeout(60)
local fine, trouble = pcall(dialogs[dialog])
mt.echo(fine and "as it should be: " .. dialog or trouble)

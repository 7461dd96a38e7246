#!/usr/bin/perl
# Answers questions for TXT records out of a file in the form of a zone's, to whom asks port 53 of 127.0.0.1; there is nothing
# else. For roots that have Perl's base and no server.
#   txt-server.pl FILE      read anew with every question
use strict;
use warnings;
use IO::Socket::INET;
my ($file) = @ARGV;
my $socket = IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => 53, Proto => "udp") or die "port 53: $!";
while (defined(my $peer = $socket->recv(my $query, 4096))) {
  my $at = 12;
  my @labels;
  while (my $length = unpack("C", substr($query, $at, 1))) {
    push @labels, substr($query, $at + 1, $length);
    $at += 1 + $length;
  }
  my $question = substr($query, 12, $at + 5 - 12);
  my $type = unpack("n", substr($query, $at + 1, 2));
  my $text = "";
  if ($type == 16 && open(my $records, "<", $file)) {
    local $/;
    my $name = quotemeta join ".", @labels;
    my $all = <$records>;
    # Lines of strings in parentheses.
    if ($all =~ /^$name\.\s[^(\n]*\(([^)]*)\)/mi) { $text = join "", map { pack("C/a", $_) } $1 =~ /"([^"]*)"/g }
  }
  my $found = length $text;
  my $answer = $found ? pack("n n n N n/a", 0xc00c, 16, 1, 60, $text) : "";
  my $flags = $found ? 0x8180 : 0x8183;
  $socket->send(substr($query, 0, 2) . pack("n5", $flags, 1, $found ? 1 : 0, 0, 0) . $question . $answer, 0, $peer);
}

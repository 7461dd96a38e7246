# Reads mails in base64, one a line; says "exe" for each in which MIME::Parser sees a file called .exe, else "-".
use strict;
use warnings;
use MIME::Base64;
use MIME::Parser;
use MIME::WordDecoder;

my $parser = MIME::Parser->new;
$parser->output_to_core(1);
$parser->tmp_to_core(1);
$parser->extract_nested_messages("NEST");
$parser->extract_uuencode(1);
$SIG{__WARN__} = sub { };
while (my $line = <STDIN>) {
  my $entity = eval { $parser->parse_data(decode_base64($line)) };
  my @waiting = defined $entity ? ($entity) : ();
  my $seen = 0;
  while (my $part = shift @waiting) {
    my $head = $part->head;
    for my $name (grep { defined } $head->recommended_filename, $head->mime_attr("content-type.name"),
      $head->mime_attr("content-disposition.filename")) {
      my $plain = eval { MIME::WordDecoder::unmime($name) } // "";
      $seen = 1 if grep { /\.exe["'. ]*$/i } $name, $plain;
    }
    push @waiting, $part->parts;
  }
  print $seen ? "exe\n" : "-\n";
}

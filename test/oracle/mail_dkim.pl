#!/usr/bin/perl
# Verifies with Mail::DKIM: a JSON object {message, dns, now} a line in (message in base64, dns: name to text), a JSON
# list of {kind, result, detail} out, one per signature. The DNS and the clock are those of the case.
use strict;
use warnings;
my $now;
BEGIN { *CORE::GLOBAL::time = sub { defined $now ? $now : CORE::time() } }
use JSON::PP;
use MIME::Base64;
use Mail::DKIM::Verifier;
use Mail::DKIM::DNS;

my %dns;
{
    no warnings 'redefine';
    *Mail::DKIM::DNS::query = sub {
        my ($name) = @_;
        my $text = $dns{ lc $name };
        return () unless defined $text;
        return ( bless { text => $text }, 'Oracle::Record' );
    };
    *Mail::DKIM::DNS::query_async = sub {
        my ( $name, $type, %prms ) = @_;
        my @answer = Mail::DKIM::DNS::query($name);
        my $result = $prms{Callbacks}{Success}->(@answer);
        return sub { $result };
    };
}

$| = 1;
while ( my $line = <STDIN> ) {
    my $case = decode_json($line);
    $now = $case->{now};
    %dns = map { lc($_) => $case->{dns}{$_} } keys %{ $case->{dns} };
    my @results = eval {
        my $verifier = Mail::DKIM::Verifier->new;
        $verifier->PRINT( decode_base64( $case->{message} ) );
        $verifier->CLOSE;
        map {
            {
                kind   => ref($_) =~ /DkSignature/ ? 'domainkeys' : 'dkim',
                result => $_->result // 'none',
                detail => $_->result_detail // ''
            }
        } $verifier->signatures;
    };
    push @results, { kind => 'error', result => 'error', detail => "$@" } if $@;
    print encode_json( \@results ), "\n";
}

package Oracle::Record;
sub type        { 'TXT' }
sub txtdata     { $_[0]{text} }
sub char_str_list { ( $_[0]{text} ) }

# Mail::DKIM: verifies or signs every file of a list, one JSON object a line; it knows no Ed25519.
#
# verify PORT FILE...: PORT of a resolver on 127.0.0.1.
# sign KEYS FILE...: KEYS is JSON, {"canonicalizations": [...], "keys": [{"algorithm", "der", "domain", "selector"}]}.
use strict;
use warnings;
use JSON::PP;
use Mail::DKIM::DNS;
use Mail::DKIM::PrivateKey;
use Mail::DKIM::Signer;
use Mail::DKIM::Verifier;
use Net::DNS;

my ($mode, $setup, @files) = @ARGV;
my $json = JSON::PP->new->canonical->latin1;
my $keys;
if ($mode eq 'verify') {
    Mail::DKIM::DNS::resolver(Net::DNS::Resolver->new(nameservers => ['127.0.0.1'], port => $setup));
} else {
    $keys = $json->decode(slurp($setup));
}

for my $place (0 .. $#files) {
    my $octets = slurp($files[$place]);
    if ($mode eq 'verify') {
        my $verifier = Mail::DKIM::Verifier->new;
        $verifier->PRINT($octets);
        $verifier->CLOSE;
        my @results = map { { selector => $_->selector, result => $_->result_detail } } $verifier->signatures;
        print $json->encode({ file => $files[$place], results => \@results }), "\n";
        next;
    }
    my @canonicalizations = @{ $keys->{canonicalizations} };
    my $offset = 0;
    for my $key (@{ $keys->{keys} }) {
        my $canonicalization = $canonicalizations[($place + $offset++) % @canonicalizations];
        my $signer = Mail::DKIM::Signer->new(
            Algorithm => $key->{algorithm},
            Method    => $canonicalization,
            Domain    => $key->{domain},
            Selector  => $key->{selector},
            Key       => Mail::DKIM::PrivateKey->load(Data => $key->{der}),
        );
        $signer->PRINT($octets);
        $signer->CLOSE;
        print $json->encode({
            file => $files[$place], canonicalization => $canonicalization, algorithm => $key->{algorithm},
            field => $signer->signature->as_string . "\r\n",
        }), "\n";
    }
}

sub slurp {
    my ($name) = @_;
    open(my $file, '<:raw', $name) or die "$name: $!";
    local $/;
    return scalar <$file>;
}

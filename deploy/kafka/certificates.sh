#!/bin/sh
# Makes a private CA and the broker's certificate, once. Usage: certificates.sh CA_FOLDER BROKER_FOLDER [HOST ...]
# CA_FOLDER gets ca.pem, which every client needs. BROKER_FOLDER gets broker.pem (key and chain), which only the broker
# may read. The CA's key is thrown away: to renew, empty both folders and start again.
set -eu
ca=$1
broker=$2
shift 2
[ $# -gt 0 ] || set -- kafka localhost
if [ -s "$broker/broker.pem" ] && [ -s "$ca/ca.pem" ]; then
    openssl x509 -in "$broker/broker.pem" -noout -checkend 2592000 >/dev/null \
        || echo "the broker's certificate ends within 30 days; empty the certificate folders to renew it" >&2
    exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
names=''
for host in "$@"; do
    names="$names${names:+,}DNS:$host"
done
umask 077
openssl req -x509 -newkey rsa:3072 -nodes -sha256 -days 730 -subj "/CN=parcelward-ca" \
    -addext "basicConstraints=critical,CA:TRUE,pathlen:0" -addext "keyUsage=critical,keyCertSign,cRLSign" \
    -keyout "$work/ca.key" -out "$work/ca.pem" 2>/dev/null
openssl req -newkey rsa:3072 -nodes -sha256 -subj "/CN=broker" -keyout "$work/broker.key" -out "$work/broker.csr" 2>/dev/null
printf 'subjectAltName=%s\nextendedKeyUsage=serverAuth,clientAuth\nkeyUsage=critical,digitalSignature,keyEncipherment\n' \
    "$names" > "$work/extensions"
openssl x509 -req -in "$work/broker.csr" -CA "$work/ca.pem" -CAkey "$work/ca.key" -CAcreateserial -days 730 -sha256 \
    -extfile "$work/extensions" -out "$work/broker.crt" 2>/dev/null
openssl pkcs8 -topk8 -nocrypt -in "$work/broker.key" -out "$work/broker.p8"
cat "$work/broker.p8" "$work/broker.crt" "$work/ca.pem" > "$broker/broker.pem"
cp "$work/ca.pem" "$ca/ca.pem"
chmod 644 "$ca/ca.pem"
# The broker of the image runs as user 1000.
[ "$(id -u)" -ne 0 ] || chown 1000:1000 "$broker" "$broker/broker.pem"
echo "made certificates for $*"

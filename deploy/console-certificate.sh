#!/bin/sh
# Makes a self-signed certificate for the console, once: console.pem and console.key in FOLDER. What is there stays.
# Usage: console-certificate.sh FOLDER HOST ...
set -eu
folder=$1
shift
if [ -s "$folder/console.pem" ] && [ -s "$folder/console.key" ]; then
    openssl x509 -in "$folder/console.pem" -noout -checkend 2592000 >/dev/null \
        || echo "the console's certificate ends within 30 days; replace console.pem and console.key, or delete them" >&2
    exit 0
fi
names='IP:127.0.0.1'
for host in "$@"; do
    names="$names,DNS:$host"
done
umask 077
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 397 -subj "/CN=$1" \
    -addext "subjectAltName=$names" -keyout "$folder/console.key.new" -out "$folder/console.pem.new" 2>/dev/null
mv "$folder/console.key.new" "$folder/console.key"
mv "$folder/console.pem.new" "$folder/console.pem"
echo "made a certificate for $*; browsers warn of it until yours takes its place"

#!/bin/sh
# Writes deploy/.env with fresh random secrets. Refuses to overwrite one: the token key in it gives every stored token
# its meaning, and the passwords in it are the ones the brokers know.
# Usage: deploy/make-env.sh [courier,courier,...]
set -eu
refuse() { echo "$1" >&2; exit 2; }
case ${1:-} in
    -h | --help)
        echo "usage: deploy/make-env.sh [courier,courier,...]"
        echo "Writes deploy/.env with fresh random secrets for these couriers; without any, for swift,orient,harbor."
        exit 0
        ;;
esac
cd "$(dirname "$0")"
couriers=${1:-swift,orient,harbor}
# Codes as the contract and the setting `couriers` take them: they become names of topics and users.
printf '%s' "$couriers" | tr '\n' ' ' | LC_ALL=C grep -Eqx '[a-z][a-z0-9-]{1,31}(,[a-z][a-z0-9-]{1,31})*' ||
    refuse "'$couriers': courier codes have 2 to 32 of a-z, 0-9 and -, begin with a letter, and are separated by commas"
[ -z "$(printf '%s\n' "$couriers" | tr ',' '\n' | sort | uniq -d)" ] || refuse "'$couriers' names a courier twice"
if [ -e .env ]; then
    echo "deploy/.env exists; keep it, or move it away if you mean to start anew" >&2
    exit 2
fi
secret() { openssl rand -hex 32; }
umask 077
{
    echo "# Secrets of this installation; never commit this file."
    echo "COURIERS=$couriers"
    echo "PARTITIONS=4"
    echo "KAFKA_ADMIN_PASSWORD=$(secret)"
    echo "KAFKA_ADMIN_PASSWORD_OLD="
    echo "KAFKA_WORKER_PASSWORD=$(secret)"
    echo "KAFKA_PLATFORM_PASSWORD=$(secret)"
    echo "KAFKA_ACCOUNTS_PASSWORD=$(secret)"
    echo "KAFKA_DELIVER_PASSWORD=$(secret)"
    echo "KAFKA_CONSOLE_PASSWORD=$(secret)"
    printf 'KAFKA_COURIER_PASSWORDS='
    separator=''
    for courier in $(echo "$couriers" | tr ',' ' '); do
        printf '%s%s=%s' "$separator" "$courier" "$(secret)"
        separator=','
    done
    echo
    echo "TOKEN_KEY=k1"
    echo "TOKEN_KEYS='{\"k1\": \"$(secret)\"}'"
    echo "WEBHOOK_URL="
    echo "WEBHOOK_SECRETS=whsec_$(openssl rand -base64 32)"
    echo "CONSOLE_DATABASE="
    echo "GRAFANA_ADMIN_PASSWORD=$(secret)"
} > .env
echo "wrote deploy/.env for the couriers $couriers; next: docker compose -f deploy/compose.yaml up -d --build"

#!/bin/sh
# Puts a fresh random secret into deploy/.env; nothing is in force before the next `docker compose ... up -d`.
# Usage: deploy/new-secret.sh admin | worker | platform | accounts | deliver | console | grafana | courier-CODE |
#                             webhook | token-key ID | use-token-key ID
#   admin              the former passwords stay beside it as KAFKA_ADMIN_PASSWORD_OLD: provisioning logs in once with that
#                      of them which Kafka knows, the last one or, if that never came into force, an earlier one
#   webhook            webhooks are signed with it and with the former one, until you take that one out of deploy/.env
#   token-key ID       a further key under a new id, beside the others
#   use-token-key ID   new tokens are made with this key
# No secret is an argument of a program here: everybody on the machine may read those.
set -eu
refuse() { echo "$1" >&2; exit 2; }
cd "$(dirname "$0")"
what=${1:-} id=${2:-}
[ -f .env ] || refuse "there is no deploy/.env; run deploy/make-env.sh"
case $what in
    admin | worker | platform | accounts | deliver | console | grafana | webhook | courier-?*) [ $# -eq 1 ] || refuse "$what takes nothing after it" ;;
    token-key | use-token-key)
        printf '%s' "$id" | LC_ALL=C grep -Eqx '[a-z0-9]{1,8}' || refuse "'$id': a key id has 1 to 8 of a-z and 0-9"
        grep -q "^TOKEN_KEYS=.*\"$id\": " .env && known=yes || known=no
        case $what-$known in
            token-key-yes) refuse "there is a key $id already, and tokens of it may be stored; take another id" ;;
            use-token-key-no) refuse "there is no key $id; run deploy/new-secret.sh token-key $id first" ;;
        esac
        ;;
    *) refuse "usage: deploy/new-secret.sh admin | worker | platform | accounts | deliver | console | grafana | webhook | courier-CODE | token-key ID | use-token-key ID" ;;
esac
fresh=$(openssl rand -hex 32)
changed=no
former=$(sed -n 's/^KAFKA_ADMIN_PASSWORD_OLD=//p' .env)
umask 077
trap 'rm -f .env.new' EXIT
while IFS= read -r line || [ -n "$line" ]; do
    value=${line#*=}
    case $what:$line in
        admin:KAFKA_ADMIN_PASSWORD=*)
            printf 'KAFKA_ADMIN_PASSWORD=%s\nKAFKA_ADMIN_PASSWORD_OLD=%s\n' "$fresh" "$value${former:+,$former}"
            changed=yes
            continue
            ;;
        admin:KAFKA_ADMIN_PASSWORD_OLD=*) continue ;;
        worker:KAFKA_WORKER_PASSWORD=* | platform:KAFKA_PLATFORM_PASSWORD=* | accounts:KAFKA_ACCOUNTS_PASSWORD=* | \
            deliver:KAFKA_DELIVER_PASSWORD=* | console:KAFKA_CONSOLE_PASSWORD=* | grafana:GRAFANA_ADMIN_PASSWORD=*)
            line="${line%%=*}=$fresh" changed=yes
            ;;
        courier-*:KAFKA_COURIER_PASSWORDS=*)
            courier=${what#courier-}
            case ",$value" in
                *",$courier="*)
                    before=",$value" after=",$value"
                    before=${before%%",$courier="*} after=${after#*",$courier="}
                    case $after in *,*) after=",${after#*,}" ;; *) after='' ;; esac
                    value="$before,$courier=$fresh$after"
                    ;;
                *) value="$value,$courier=$fresh" ;;
            esac
            line="KAFKA_COURIER_PASSWORDS=${value#,}" changed=yes
            ;;
        webhook:WEBHOOK_SECRETS=*)
            line="WEBHOOK_SECRETS=whsec_$(openssl rand -base64 32)${value:+,${value%%,*}}" changed=yes
            ;;
        token-key:TOKEN_KEYS=*) line="${line%\}*}, \"$id\": \"$fresh\"}'" changed=yes ;;
        use-token-key:TOKEN_KEY=*) line="TOKEN_KEY=$id" changed=yes ;;
    esac
    printf '%s\n' "$line"
done < .env > .env.new
[ $changed = yes ] || refuse "deploy/.env has no line for $what"
mv .env.new .env
echo "deploy/.env has a new value for $what${id:+ $id}; next: docker compose -f deploy/compose.yaml up -d"

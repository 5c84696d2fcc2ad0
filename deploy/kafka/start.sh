#!/bin/bash
# Formats the storage on the first start, with the administrator's SCRAM credential in it, then runs the broker. From then
# on provision.py sets that password like all others; the broker itself needs none.
set -euo pipefail
if [ -n "${KAFKA_ADMIN_PASSWORD_FILE:-}" ]; then
    [ -z "${KAFKA_ADMIN_PASSWORD:-}" ] || { echo "KAFKA_ADMIN_PASSWORD and KAFKA_ADMIN_PASSWORD_FILE are both set" >&2; exit 2; }
    KAFKA_ADMIN_PASSWORD=$(<"$KAFKA_ADMIN_PASSWORD_FILE")
fi
: "${KAFKA_ADMIN_PASSWORD:?run deploy/make-env.sh first}"
kafka=${KAFKA_HOME:-/opt/kafka}
properties=${KAFKA_PROPERTIES:-/etc/parcelward/server.properties}
# Everybody on this machine may read the arguments of a process, so these two come through a pipe: Kafka's tools take
# arguments from a file that @ names, one a line.
password=$KAFKA_ADMIN_PASSWORD
unset KAFKA_ADMIN_PASSWORD
"$kafka/bin/kafka-storage.sh" format --ignore-formatted --cluster-id "${KAFKA_CLUSTER_ID:-cGFyY2VsR2GiZGRlcGxveQ}" \
    --config "$properties" @/dev/fd/3 3< <(printf '%s\n' --add-scram "SCRAM-SHA-512=[name=admin,password=$password]")
# For the server alone: an agent in KAFKA_OPTS would also start in each of Kafka's tools, and find its port taken.
KAFKA_OPTS="${KAFKA_SERVER_OPTS:-}" exec "$kafka/bin/kafka-server-start.sh" "$properties"

#!/bin/bash
# Formats the storage on the first start, with the administrator's SCRAM credential in it, then runs the broker.
set -euo pipefail
: "${KAFKA_ADMIN_PASSWORD:?run deploy/make-env.sh first}"
kafka=${KAFKA_HOME:-/opt/kafka}
properties=${KAFKA_PROPERTIES:-/etc/parcelward/server.properties}
"$kafka/bin/kafka-storage.sh" format --ignore-formatted --cluster-id "${KAFKA_CLUSTER_ID:-cGFyY2VsR2GiZGRlcGxveQ}" \
    --config "$properties" --add-scram "SCRAM-SHA-512=[name=admin,password=$KAFKA_ADMIN_PASSWORD]"
exec "$kafka/bin/kafka-server-start.sh" "$properties"

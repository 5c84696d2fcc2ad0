import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.Comparator;
import java.util.Optional;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.connector.base.DeliveryGuarantee;
import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema;
import org.apache.flink.connector.kafka.sink.KafkaSink;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.datastream.DataStreamUtils;
import org.apache.flink.streaming.api.datastream.KeyedStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;

/**
 * Flink's DataStream API, as its documentation advises: a Kafka source that parses, keyBy, a keyed process function
 * with a ValueState on the heap, and a Kafka sink with the guarantee of the job; checkpoints every second to files,
 * kept for a restart, and object reuse ("can improve performance"). One local JVM with a parallelism of 1, as every
 * other engine here has one worker.
 *
 * The argument is "keyBy", or "chained": with one subtask every key is where keyBy would send it, so the source's own
 * partitioning is taken for the key's, and no record is serialized on its way.
 */
public final class FlinkCounting {
    static final class Parser implements KafkaRecordDeserializationSchema<String> {
        private transient ObjectMapper json;

        @Override
        public void deserialize(ConsumerRecord<byte[], byte[]> record, Collector<String> out) throws IOException {
            if (json == null) {
                json = new ObjectMapper();
            }
            out.collect(json.readTree(record.value()).get("outlet").textValue());
        }

        @Override
        public TypeInformation<String> getProducedType() {
            return Types.STRING;
        }
    }

    static final class Counter extends KeyedProcessFunction<String, String, Tuple2<String, Long>> {
        private transient ValueState<Long> counts;

        @Override
        public void open(OpenContext context) {
            counts = getRuntimeContext().getState(new ValueStateDescriptor<>("counts", Types.LONG));
        }

        @Override
        public void processElement(String key, Context context, Collector<Tuple2<String, Long>> out) throws Exception {
            Long before = counts.value();
            long count = (before == null ? 0 : before) + 1;
            counts.update(count);
            if (count % 10 == 0) {
                out.collect(Tuple2.of(key, count));
            }
        }
    }

    static final class Writer implements KafkaRecordSerializationSchema<Tuple2<String, Long>> {
        private final String topic;

        Writer(String topic) {
            this.topic = topic;
        }

        @Override
        public ProducerRecord<byte[], byte[]> serialize(Tuple2<String, Long> one, KafkaSinkContext context, Long stamp) {
            byte[] count = Long.toString(one.f1).getBytes(StandardCharsets.US_ASCII);
            return new ProducerRecord<>(topic, one.f0.getBytes(StandardCharsets.US_ASCII), count);
        }
    }

    public static void main(String[] arguments) throws Exception {
        JsonNode job = new ObjectMapper().readTree(System.getenv("PEERS_JOB"));
        String kafka = job.get("kafka").asText();
        String app = job.get("app").asText();
        Path checkpoints = Paths.get(job.get("folder").asText(), "checkpoints");
        StreamExecutionEnvironment environment = StreamExecutionEnvironment.getExecutionEnvironment(settings(checkpoints));
        environment.setParallelism(1);
        KafkaSource<String> source = KafkaSource.<String>builder()
                .setBootstrapServers(kafka)
                .setTopics(job.get("source").asText())
                .setGroupId(app)
                .setStartingOffsets(OffsetsInitializer.earliest())
                .setDeserializer(new Parser())
                .build();
        KafkaSink<Tuple2<String, Long>> sink = KafkaSink.<Tuple2<String, Long>>builder()
                .setBootstrapServers(kafka)
                .setRecordSerializer(new Writer(job.get("alerts").asText()))
                .setDeliveryGuarantee(job.get("exactly_once").asBoolean()
                        ? DeliveryGuarantee.EXACTLY_ONCE
                        : DeliveryGuarantee.AT_LEAST_ONCE)
                .setTransactionalIdPrefix(app)
                .setProperty("transaction.timeout.ms", "60000")
                .build();
        DataStream<String> read = environment.fromSource(source, WatermarkStrategy.noWatermarks(), "source").uid("source");
        KeyedStream<String, String> keyed = arguments[0].equals("chained")
                ? DataStreamUtils.reinterpretAsKeyedStream(read, key -> key, Types.STRING)
                : read.keyBy(key -> key, Types.STRING);
        keyed.process(new Counter()).uid("count").sinkTo(sink).uid("alerts");
        environment.execute("counting");
    }

    private static Configuration settings(Path checkpoints) throws IOException {
        Configuration settings = new Configuration();
        settings.setString("execution.checkpointing.interval", "1s");
        settings.setString("execution.checkpointing.mode", "EXACTLY_ONCE");
        settings.setString("execution.checkpointing.dir", checkpoints.toUri().toString());
        settings.setString("execution.checkpointing.externalized-checkpoint-retention", "RETAIN_ON_CANCELLATION");
        settings.setString("state.backend.type", "hashmap");
        settings.setString("pipeline.object-reuse", "true");
        settings.setString("rest.bind-port", "0");
        settings.setString("rest.bind-address", "127.0.0.1");
        latest(checkpoints).ifPresent(
                path -> settings.setString("execution.state-recovery.path", path.toUri().toString()));
        return settings;
    }

    /** The last checkpoint that is complete; a process that was killed leaves it behind. */
    private static Optional<Path> latest(Path checkpoints) throws IOException {
        if (!Files.exists(checkpoints)) {
            return Optional.empty();
        }
        try (var files = Files.walk(checkpoints)) {
            return files.filter(path -> path.getFileName().toString().equals("_metadata"))
                    .map(Path::getParent)
                    .max(Comparator.comparingInt(path -> Integer.parseInt(path.getFileName().toString().substring(4))));
        }
    }
}

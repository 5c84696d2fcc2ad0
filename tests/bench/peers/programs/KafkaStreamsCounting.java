import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.charset.StandardCharsets;
import java.util.Properties;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.processor.api.ContextualFixedKeyProcessor;
import org.apache.kafka.streams.processor.api.FixedKeyProcessorContext;
import org.apache.kafka.streams.processor.api.FixedKeyRecord;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;

/**
 * Kafka Streams, as its developer guide advises: the DSL with a fixed-key processor that owns a persistent (RocksDB)
 * store with caching and a changelog. (The DSL's count() would not do: its cache leaves out tenths.) Every setting is
 * the default, except the guarantee, which is that of the job.
 */
public final class KafkaStreamsCounting {
    private static final String STORE = "counts";

    static final class Counter extends ContextualFixedKeyProcessor<Bytes, byte[], byte[]> {
        private final ObjectMapper json = new ObjectMapper();
        private KeyValueStore<Bytes, Long> counts;

        @Override
        public void init(FixedKeyProcessorContext<Bytes, byte[]> context) {
            super.init(context);
            counts = context.getStateStore(STORE);
        }

        @Override
        public void process(FixedKeyRecord<Bytes, byte[]> record) {
            try {
                json.readTree(record.value());
            } catch (java.io.IOException error) {
                throw new IllegalArgumentException(error);
            }
            Long before = counts.get(record.key());
            long count = (before == null ? 0 : before) + 1;
            counts.put(record.key(), count);
            if (count % 10 == 0) {
                context().forward(record.withValue(Long.toString(count).getBytes(StandardCharsets.US_ASCII)));
            }
        }
    }

    public static void main(String[] arguments) throws Exception {
        JsonNode job = new ObjectMapper().readTree(System.getenv("PEERS_JOB"));
        Properties settings = new Properties();
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, job.get("app").asText());
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, job.get("kafka").asText());
        settings.put(StreamsConfig.STATE_DIR_CONFIG, job.get("folder").asText());
        settings.put("auto.offset.reset", "earliest");
        settings.put("session.timeout.ms", job.get("session_ms").asText());
        if (job.get("exactly_once").asBoolean()) {
            settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        }
        StreamsBuilder builder = new StreamsBuilder();
        builder.addStateStore(Stores.keyValueStoreBuilder(
                Stores.persistentKeyValueStore(STORE), Serdes.Bytes(), Serdes.Long()).withCachingEnabled());
        builder.stream(job.get("source").asText(), Consumed.with(Serdes.Bytes(), Serdes.ByteArray()))
                .processValues(Counter::new, STORE)
                .to(job.get("alerts").asText(), Produced.with(Serdes.Bytes(), Serdes.ByteArray()));
        KafkaStreams streams = new KafkaStreams(builder.build(), settings);
        Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
        streams.start();
    }
}

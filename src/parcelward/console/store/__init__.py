"""Store of the console, in SQL: rows made from the topics' records, which can be deleted and are made again."""

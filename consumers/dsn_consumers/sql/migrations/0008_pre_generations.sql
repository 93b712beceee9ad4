-- Generations of the store: one that readers see, and while a rebuild lasts one beside it.

CREATE TABLE dsn_store.generations (
    generation integer PRIMARY KEY,
    place text NOT NULL,
    begun_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO dsn_store.generations (generation, place) VALUES (0, 'dsn_store');
COMMENT ON TABLE dsn_store.generations IS
    'Where the tables of each generation are: dsn_store is the one that readers see.';
COMMENT ON COLUMN dsn_store.generations.generation IS 'Number; also of its topics and consumers.';
COMMENT ON COLUMN dsn_store.generations.place IS 'Schema of its tables; a switch exchanges them.';
COMMENT ON COLUMN dsn_store.generations.begun_at IS 'When it was begun.';

-- May the pages write the trace of a read?
SELECT has_table_privilege('dsn.access', 'INSERT')

-- Lists that were text with commas become JSON arrays. What a rebuild has left beside the results is of the same shape.
DO $$
DECLARE
    version TEXT;
BEGIN
    FOR version IN
        SELECT nspname FROM pg_namespace
        WHERE nspname IN ('credit', 'credit_next', 'credit_previous', 'credit_now', 'credit_verify')
            AND to_regclass(nspname || '.hold') IS NOT NULL
        ORDER BY nspname
    LOOP
        EXECUTE format(
            'ALTER TABLE %1$I.assessment
                 ALTER COLUMN failing TYPE JSONB USING to_jsonb(string_to_array(failing, '',''));
             ALTER TABLE %1$I.hold
                 ALTER COLUMN checks TYPE JSONB USING to_jsonb(string_to_array(checks, '','')),
                 ALTER COLUMN orders TYPE JSONB USING to_jsonb(string_to_array(orders, '','')::INTEGER[]),
                 ALTER COLUMN released TYPE JSONB USING to_jsonb(string_to_array(released, '',''))',
            version);
    END LOOP;
END
$$;

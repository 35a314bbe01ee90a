-- JSON arrays of names and numbers become text with commas again.
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
                 ALTER COLUMN failing TYPE TEXT USING translate(failing::TEXT, ''[]" '', '''');
             ALTER TABLE %1$I.hold
                 ALTER COLUMN checks TYPE TEXT USING translate(checks::TEXT, ''[]" '', ''''),
                 ALTER COLUMN orders TYPE TEXT USING translate(orders::TEXT, ''[]" '', ''''),
                 ALTER COLUMN released TYPE TEXT USING translate(released::TEXT, ''[]" '', '''')',
            version);
    END LOOP;
END
$$;

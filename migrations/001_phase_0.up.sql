-- What did each automation decide and why, what may it do on its own, and which webhooks came in?
CREATE TABLE IF NOT EXISTS audit_logs (
    id              SERIAL PRIMARY KEY,
    timestamp       TIMESTAMP NOT NULL DEFAULT NOW(),
    automation_type VARCHAR(50) NOT NULL,
    action_name     VARCHAR(100) NOT NULL,
    odoo_model      VARCHAR(255),
    odoo_record_id  INTEGER,
    status          VARCHAR(20) NOT NULL DEFAULT 'pending',
    confidence      DECIMAL(5,4),
    ai_reasoning    TEXT,
    input_data      JSONB NOT NULL DEFAULT '{}',
    output_data     JSONB NOT NULL DEFAULT '{}',
    tokens_used     INTEGER DEFAULT 0
);

CREATE TABLE IF NOT EXISTS automation_rules (
    id              SERIAL PRIMARY KEY,
    name            VARCHAR(255) NOT NULL UNIQUE,
    automation_type VARCHAR(50) NOT NULL,
    action_name     VARCHAR(100) NOT NULL,
    enabled         BOOLEAN NOT NULL DEFAULT TRUE,
    -- NULL leaves it to the automation.
    confidence_threshold DECIMAL(5,4),
    auto_approve    BOOLEAN NOT NULL DEFAULT FALSE,
    config          JSONB NOT NULL DEFAULT '{}'
);

CREATE UNIQUE INDEX IF NOT EXISTS idx_automation_rules_action
    ON automation_rules(automation_type, action_name);

CREATE TABLE IF NOT EXISTS webhook_events (
    id              SERIAL PRIMARY KEY,
    received_at     TIMESTAMP NOT NULL DEFAULT NOW(),
    event_type      VARCHAR(100) NOT NULL,
    odoo_model      VARCHAR(255),
    odoo_record_id  INTEGER,
    payload         JSONB NOT NULL,
    processed       BOOLEAN NOT NULL DEFAULT FALSE
);

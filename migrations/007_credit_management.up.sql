-- How good is a customer's credit, how much of it is used, and are their orders on hold?
CREATE TABLE IF NOT EXISTS credit_scores (
    id              SERIAL PRIMARY KEY,
    customer_id     INTEGER NOT NULL UNIQUE,
    customer_name   VARCHAR(255),
    credit_score    DECIMAL(5,2),
    credit_limit    DECIMAL(15,2),
    current_exposure DECIMAL(15,2) DEFAULT 0,
    overdue_amount  DECIMAL(15,2) DEFAULT 0,
    payment_history_score DECIMAL(5,2),
    order_volume_score DECIMAL(5,2),
    risk_level      VARCHAR(20) DEFAULT 'normal',
    hold_active     BOOLEAN DEFAULT FALSE,
    hold_reason     TEXT,
    last_calculated TIMESTAMP DEFAULT NOW(),
    created_at      TIMESTAMP DEFAULT NOW()
);

CREATE INDEX IF NOT EXISTS idx_credit_scores_customer ON credit_scores(customer_id);
CREATE INDEX IF NOT EXISTS idx_credit_scores_hold ON credit_scores(hold_active);

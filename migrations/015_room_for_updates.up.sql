-- Rows that change in place leave room on their page for the next version (a heap-only tuple), so that no index has to be
-- written. All customers are assessed when a day begins, so half of each page is theirs.
ALTER TABLE credit.assessment SET (fillfactor = 50);
ALTER TABLE credit.ranked SET (fillfactor = 50);
ALTER TABLE credit.exposure SET (fillfactor = 60);
ALTER TABLE credit.hold SET (fillfactor = 60);
ALTER TABLE credit.item SET (fillfactor = 80);
ALTER TABLE credit.invoice SET (fillfactor = 80);
ALTER TABLE credit.sale_order SET (fillfactor = 80);
ALTER TABLE credit.sale_order_line SET (fillfactor = 80);
ALTER TABLE credit.partner SET (fillfactor = 80);
ALTER TABLE credit_scores SET (fillfactor = 50);

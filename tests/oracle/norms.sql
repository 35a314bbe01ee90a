-- What a company's customers are measured against, frozen at the start of a day: computed from scratch from a plain
-- mirror of Odoo's rows.
--
--   mirror(tbl text, id text, row jsonb, primary key (tbl, id))     row = last `after` image of the change feed
--   $1 = today (date); the mirror is as it was when that day began
--
-- One row per root company that has any payment experience or any customer with positive revenue:
--   mean       average value of its experiences, weighted by amount and recency; 80 where there are none
--   revenues   its customers' positive revenues of the last 360 days, smallest first
-- What the terms mean is said in processors/credit/decisions.md; how values arrive, in exposure.sql. The first half of this
-- file is also the first half of assessment.sql: each is one statement and stands on its own.

with
-- ---------------------------------------------------------------------------------------------------------------
-- A branch keeps its books under its root: the first id of parent_path ("1/4/" -> 1).
company as materialized (
    select r.id, coalesce(nullif(split_part(r.parent_path, '/', 1), '')::bigint, r.id) as root_id
    from mirror m
    cross join lateral jsonb_to_record(m.row) as r(id bigint, parent_path text)
    where m.tbl = 'res_company'
),
-- Contacts count for their commercial partner.
partner as materialized (
    select r.id, coalesce(r.commercial_partner_id, r.id) as commercial_id
    from mirror m
    cross join lateral jsonb_to_record(m.row) as r(id bigint, commercial_partner_id bigint)
    where m.tbl = 'res_partner'
),
receivable_account as materialized (
    select r.id
    from mirror m
    cross join lateral jsonb_to_record(m.row) as r(id bigint, account_type text)
    where m.tbl = 'account_account' and r.account_type = 'asset_receivable'
),
-- Posted receivable items, the paid ones too: payments are found through them.
item as materialized (
    select r.id,
           coalesce(c.root_id, r.company_id) as company_id,
           coalesce(p.commercial_id, r.partner_id) as partner_id,
           r.display_type, r.balance, r.amount_residual,
           date '1970-01-01' + coalesce(r.date_maturity, r.date) as due
    from mirror m
    cross join lateral jsonb_to_record(m.row)
        as r(id bigint, company_id bigint, partner_id bigint, account_id bigint, parent_state text, display_type text,
             balance numeric, amount_residual numeric, date_maturity int, "date" int)
    left join company c on c.id = r.company_id
    left join partner p on p.id = r.partner_id
    where m.tbl = 'account_move_line'
      and r.parent_state = 'posted' and r.company_id is not null and r.partner_id is not null
      and r.account_id in (select id from receivable_account)
),
-- ---------------------------------------------------------------------------------------------------------------
-- Payments of invoices. An amount of 0 in one of the two currencies is an exchange difference, a credit line that
-- falls due itself a credit note; neither says how the customer pays.
reconciliation as materialized (
    select r.debit_move_id, r.credit_move_id, r.amount, date '1970-01-01' + r.max_date as paid_on
    from mirror m
    cross join lateral jsonb_to_record(m.row)
        as r(debit_move_id bigint, credit_move_id bigint, max_date int, amount numeric,
             debit_amount_currency numeric, credit_amount_currency numeric)
    where m.tbl = 'account_partial_reconcile'
      and r.debit_amount_currency is distinct from 0 and r.credit_amount_currency is distinct from 0
      and date '1970-01-01' + r.max_date >= $1::date - 730
),
payment as materialized (
    select i.company_id, i.partner_id, r.amount, i.due, r.paid_on
    from reconciliation r
    join item i on i.id = r.debit_move_id
    join mirror mc on mc.tbl = 'account_move_line' and mc.id = r.credit_move_id::text
    where i.balance > 0 and i.display_type = 'payment_term'
      and mc.row ->> 'display_type' is distinct from 'payment_term'
),
experience as (
    select company_id, partner_id, amount, paid_on - due as days, greatest($1::date - paid_on, 0) as age
    from payment
    union all
    select company_id, partner_id, amount_residual, $1::date - due, 0
    from item
    where amount_residual > 0 and due < $1::date
),
-- The value falls along straight lines between the columns of the table in the specification.
valued as (
    select company_id, partner_id,
           amount::double precision * power(2::double precision, -age / 180::double precision) as weight,
           case when days <= -30 then 100
                when days <= -20 then 100 - 10 * (days + 30) / 10::double precision
                when days <=   0 then  90 - 10 * (days + 20) / 20::double precision
                when days <=  15 then  80 - 10 * days / 15::double precision
                when days <=  22 then  70 - 10 * (days - 15) / 7::double precision
                when days <=  30 then  60 - 10 * (days - 22) / 8::double precision
                when days <=  60 then  50 - 10 * (days - 30) / 30::double precision
                when days <=  90 then  40 - 10 * (days - 60) / 30::double precision
                when days <= 120 then  30 - 10 * (days - 90) / 30::double precision
                when days <= 180 then  20 - 19 * (days - 120) / 60::double precision
                else 1 end as value
    from experience
),
-- ---------------------------------------------------------------------------------------------------------------
company_mean as (
    select company_id, sum(weight * value) / nullif(sum(weight), 0) as mean
    from valued
    group by company_id
),
customer_revenue as (
    select coalesce(c.root_id, r.company_id) as company_id, coalesce(p.commercial_id, r.commercial_partner_id) as partner_id,
           sum(r.amount_untaxed_signed) as revenue
    from mirror m
    cross join lateral jsonb_to_record(m.row)
        as r(company_id bigint, commercial_partner_id bigint, state text, move_type text, invoice_date int,
             amount_untaxed_signed numeric)
    left join company c on c.id = r.company_id
    left join partner p on p.id = r.commercial_partner_id
    where m.tbl = 'account_move'
      and r.state = 'posted' and r.move_type in ('out_invoice', 'out_refund', 'out_receipt')
      and r.company_id is not null and r.commercial_partner_id is not null
      and date '1970-01-01' + r.invoice_date between $1::date - 359 and $1::date
    group by 1, 2
),
company_revenue as (
    select company_id, array_agg(revenue order by revenue) as revenues
    from customer_revenue
    where revenue > 0
    group by company_id
)
select company_id::int as company_id,
       coalesce(m.mean, 80) as mean,
       coalesce(v.revenues, '{}') as revenues
from company_mean m
full join company_revenue v using (company_id)
order by company_id

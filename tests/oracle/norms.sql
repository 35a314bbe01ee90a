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
    select r.id, coalesce(nullif(split_part(r.parent_path, '/', 1), '')::bigint, r.id) as root_id, r.currency_id
    from mirror m
    cross join lateral jsonb_to_record(m.row) as r(id bigint, parent_path text, currency_id bigint)
    where m.tbl = 'res_company'
),
-- How finely each currency is rounded.
currency as materialized (
    select r.id,
           coalesce(r.decimal_places,
                    case when r.rounding > 0 and r.rounding < 1 then ceil(-log(r.rounding))::int end,
                    case when r.rounding >= 1 then 0 end,
                    2) as decimals
    from mirror m
    cross join lateral jsonb_to_record(m.row) as r(id bigint, rounding numeric, decimal_places int)
    where m.tbl = 'res_currency'
),
root_company as materialized (
    select c.id, c.currency_id, coalesce(cur.decimals, 2) as decimals
    from company c
    left join currency cur on cur.id = c.currency_id
    where c.root_id = c.id
),
-- Exchange rates, one per root company and currency: a company's own before those of all, the latest up to the day, else the
-- first to come. Where there is none it is 1 (Odoo: base/models/res_currency.py _get_rates).
rate as materialized (
    select distinct on (c.id, r.currency_id) c.id as company_id, r.currency_id, r.rate
    from mirror m
    cross join lateral jsonb_to_record(m.row)
        as r(id bigint, currency_id bigint, company_id bigint, name int, rate numeric)
    cross join lateral (select date '1970-01-01' + r.name as day) d
    join root_company c on c.id = coalesce(r.company_id, c.id)
    where m.tbl = 'res_currency_rate' and r.rate <> 0
    order by c.id, r.currency_id, d.day <= $1::date desc, r.company_id nulls last, abs(d.day - $1::date), r.id desc
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
-- Journals that hold money.
journal as materialized (
    select r.id, coalesce(r.type in ('bank', 'cash', 'credit'), false) as holds_money
    from mirror m
    cross join lateral jsonb_to_record(m.row) as r(id bigint, type text)
    where m.tbl = 'account_journal'
),
-- Posted receivable items, the paid ones too: payments are found through them. An item of a journal that is not known may be
-- money as well as anything else.
item as materialized (
    select r.id,
           coalesce(c.root_id, r.company_id) as company_id,
           coalesce(p.commercial_id, r.partner_id) as partner_id,
           r.company_id as booked_company_id, r.partner_id as booked_partner_id, r.journal_id,
           r.display_type, r.balance, r.amount_residual,
           date '1970-01-01' + coalesce(r.date_maturity, r.date) as due,
           r.payment_id is not null or r.statement_line_id is not null or coalesce(j.holds_money, false) as is_money,
           r.payment_id is not null or r.statement_line_id is not null or coalesce(j.holds_money, true) as may_be_money
    from mirror m
    cross join lateral jsonb_to_record(m.row)
        as r(id bigint, company_id bigint, partner_id bigint, account_id bigint, journal_id bigint, payment_id bigint,
             statement_line_id bigint, display_type text, balance numeric, amount_residual numeric, date_maturity int,
             "date" int)
    left join company c on c.id = r.company_id
    left join partner p on p.id = r.partner_id
    left join journal j on j.id = r.journal_id
    where m.tbl = 'account_move_line' and m.row ->> 'parent_state' = 'posted'
      and (m.row ->> 'account_id')::bigint in (select id from receivable_account)
      and r.company_id is not null and r.partner_id is not null
),
-- Payments that have no entry yet (Odoo Enterprise, account_payment without a move_id): in process until the bank line comes. One
-- without a company is the first company's.
payment_in_process as materialized (
    select w.company_id, w.partner_id, x.is_inbound, x.paid_on,
           case when x.is_inbound then 1 else -1 end
           * coalesce(abs(r.amount_company_currency_signed),
                      round(round(r.amount * case when r.currency_id is distinct from rc.currency_id and r.currency_id is not null
                                                  then coalesce(t.rate, 1) / coalesce(f.rate, 1) else 1 end, 20),
                            coalesce(rc.decimals, 2))) as amount
    from mirror m
    cross join lateral jsonb_to_record(m.row)
        as r(state text, move_id bigint, partner_type text, payment_type text, partner_id bigint, company_id bigint,
             currency_id bigint, amount numeric, amount_company_currency_signed numeric, "date" int)
    left join company c on c.id = r.company_id
    left join partner p on p.id = r.partner_id
    cross join lateral (
        select coalesce(c.root_id, r.company_id, (select min(id) from root_company)) as company_id,
               coalesce(p.commercial_id, r.partner_id) as partner_id
    ) w
    left join root_company rc on rc.id = w.company_id
    left join rate t on t.company_id = w.company_id and t.currency_id = rc.currency_id
    left join rate f on f.company_id = w.company_id and f.currency_id = r.currency_id
    cross join lateral (
        select r.payment_type = 'inbound' as is_inbound,
               case when r.payment_type = 'inbound' then date '1970-01-01' + r.date end as paid_on
    ) x
    where m.tbl = 'account_payment'
      and r.state = 'in_process' and r.move_id is null and coalesce(r.partner_type, 'customer') = 'customer'
      and r.partner_id is not null and r.payment_type in ('inbound', 'outbound')
),
pending as materialized (
    select company_id, partner_id, coalesce(sum(amount), 0) as amount, max(paid_on) as paid_on
    from payment_in_process
    group by company_id, partner_id
),
-- Open receivable items, less what of them is paid by such payments, oldest first. Money that was paid out is none: exposure.sql
-- says when.
receivable as materialized (
    select company_id, partner_id, due, amount
    from (
        select i.company_id, i.partner_id, i.due,
               least(i.amount_residual,
                     sum(i.amount_residual) over (partition by i.company_id, i.partner_id order by i.due, i.id)
                     - greatest(coalesce(p.amount, 0), 0)) as amount
        from item i
        left join pending p on p.company_id = i.company_id and p.partner_id = i.partner_id
        where i.amount_residual > 0
          and (i.display_type is not distinct from 'payment_term'
               or not (i.is_money
                       or i.journal_id is null
                          and (i.booked_company_id, i.booked_partner_id, -i.amount_residual) in (
                              select booked_company_id, booked_partner_id, amount_residual
                              from item
                              where display_type = 'payment_term' and amount_residual < 0)))
    ) i
    where amount > 0
),
-- ---------------------------------------------------------------------------------------------------------------
-- Payments of invoices. An amount of 0 in one of the two currencies is an exchange difference, a credit line that
-- falls due itself a credit note, and one of a journal that holds no money a write-off or set-off; none of them says how the
-- customer pays.
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
    left join journal j on j.id = (mc.row ->> 'journal_id')::bigint
    where i.balance > 0 and i.display_type = 'payment_term'
      and mc.row ->> 'display_type' is distinct from 'payment_term'
      and (mc.row ->> 'payment_id' is not null or mc.row ->> 'statement_line_id' is not null
           or coalesce(j.holds_money, true))
),
experience as (
    select company_id, partner_id, amount, paid_on - due as days, greatest($1::date - paid_on, 0) as age
    from payment
    union all
    select company_id, partner_id, amount, $1::date - due, 0
    from receivable
    where due < $1::date
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

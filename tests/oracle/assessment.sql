-- What the credit decisions are made of, per customer: payment history, order volume, credit score, the figures of the
-- seven checks and the predicted breach, computed from scratch from a plain mirror of Odoo's rows.
--
--   mirror(tbl text, id text, row jsonb, primary key (tbl, id))     row = last `after` image of the change feed
--   exposure_now     the result of exposure.sql for the same rows and the same day
--   norm(company_id int, mean double precision, revenues numeric[])        the result of norms.sql when the day began
--   score_day(company_id int, partner_id int, day date, score numeric)     credit_score when each day began, if any
--   $1 = today (date)
--
-- One row per (root company, commercial partner) with an exposure, a payment experience, or an invoice or credit note
-- dated within the 360 days. The checks have their default parameters (30 days everywhere), no limit is raised, and
-- the source's time zone is UTC.
-- What the terms mean is said in processors/credit/decisions.md; how values arrive, in exposure.sql. The first half of this
-- file is also the first half of norms.sql: each is one statement and stands on its own.

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
-- Each customer's own experiences. Should all of them weigh nothing, there is no average and no payment history.
history as (
    select company_id, partner_id, count(*) as n, sum(weight * value) / nullif(sum(weight), 0) as own
    from valued
    group by company_id, partner_id
),
-- ---------------------------------------------------------------------------------------------------------------
-- Revenue in 12 periods of 30 days, number 0 ending today. A period without documents counts as 0.
revenue_period as materialized (
    select coalesce(c.root_id, r.company_id) as company_id, coalesce(p.commercial_id, r.commercial_partner_id) as partner_id,
           ($1::date - (date '1970-01-01' + r.invoice_date)) / 30 as period,
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
    group by 1, 2, 3
),
customer_revenue as (
    select k.company_id, k.partner_id,
           sum(coalesce(v.revenue, 0)) as revenue,
           avg(coalesce(v.revenue, 0)) as mean,
           stddev_pop(coalesce(v.revenue, 0)) as deviation
    from (select distinct company_id, partner_id from revenue_period) k
    cross join generate_series(0, 11) as p(period)
    left join revenue_period v using (company_id, partner_id, period)
    group by k.company_id, k.partner_id
),
-- width_bucket counts the elements of the sorted array that are at most the revenue.
volume as (
    select v.company_id, v.partner_id,
           case when v.revenue > 0 then
               100 * coalesce(width_bucket(v.revenue, n.revenues)::numeric / nullif(cardinality(n.revenues), 0), 0)
                   * (1 - least(1, v.deviation / v.mean))
           else 0 end as order_volume
    from customer_revenue v
    left join norm n on n.company_id = v.company_id
),
-- ---------------------------------------------------------------------------------------------------------------
-- Amounts of orders are rounded to the currency of their root company.
company_decimals as materialized (
    select c.id as company_id,
           coalesce(r.decimal_places,
                    case when r.rounding > 0 and r.rounding < 1 then ceil(-log(r.rounding))::int end,
                    case when r.rounding >= 1 then 0 end,
                    2) as decimals
    from mirror m
    cross join lateral jsonb_to_record(m.row) as c(id bigint, currency_id bigint)
    join mirror mc on mc.tbl = 'res_currency' and mc.id = c.currency_id::text
    cross join lateral jsonb_to_record(mc.row) as r(rounding numeric, decimal_places int)
    where m.tbl = 'res_company'
),
-- Confirmed orders one by one, each with what is left to invoice. exposure.sql sums the same amounts and says why
-- they are made this way.
sale_line as materialized (
    select r.id, r.order_id, r.product_id, r.display_type,
           r.price_total, r.product_uom_qty, r.qty_delivered, r.qty_invoiced, r.untaxed_amount_to_invoice
    from mirror m
    cross join lateral jsonb_to_record(m.row)
        as r(id bigint, order_id bigint, product_id bigint, display_type text, state text, price_total numeric,
             product_uom_qty numeric, qty_delivered numeric, qty_invoiced numeric, untaxed_amount_to_invoice numeric)
    where m.tbl = 'sale_order_line' and r.state = 'sale'
),
-- An order ships on the day of its commitment date; one without is taken for today's.
open_order as materialized (
    select r.id,
           coalesce(c.root_id, r.company_id) as company_id,
           coalesce(p.commercial_id, r.partner_id) as partner_id,
           coalesce(nullif(r.currency_rate, 0), 1) as currency_rate,
           coalesce(date '1970-01-01' + floor(r.commitment_date / 86400000000.0)::int, $1::date) as ships_on
    from mirror m
    cross join lateral jsonb_to_record(m.row)
        as r(id bigint, state text, company_id bigint, partner_id bigint, currency_rate numeric,
             commitment_date bigint)
    left join company c on c.id = r.company_id
    left join partner p on p.id = r.partner_id
    where m.tbl = 'sale_order' and r.state = 'sale' and r.company_id is not null and r.partner_id is not null
      and r.id in (select order_id from sale_line where untaxed_amount_to_invoice > 0)
),
-- Only the links of open orders are looked up: most links belong to orders that are invoiced in full.
open_link as materialized (
    select l.order_line_id, l.invoice_line_id
    from mirror m
    cross join lateral jsonb_to_record(m.row) as l(invoice_line_id bigint, order_line_id bigint)
    where m.tbl = 'sale_order_line_invoice_rel'
      and l.order_line_id in (select s.id from sale_line s join open_order o on o.id = s.order_id)
),
draft_link as materialized (
    select l.order_line_id,
           case mm.row ->> 'move_type' when 'out_refund' then -1 else 1 end * coalesce(r.quantity, 0) as quantity
    from open_link l
    join mirror mi on mi.tbl = 'account_move_line' and mi.id = l.invoice_line_id::text
    cross join lateral jsonb_to_record(mi.row) as r(move_id bigint, quantity numeric)
    join mirror mm on mm.tbl = 'account_move' and mm.id = r.move_id::text
    where mm.row ->> 'state' = 'draft' and mm.row ->> 'move_type' in ('out_invoice', 'out_refund')
),
on_delivery as materialized (
    select p.id
    from mirror m
    cross join lateral jsonb_to_record(m.row) as p(id bigint, product_tmpl_id bigint)
    where m.tbl = 'product_product'
      and p.product_tmpl_id in (
          select t.id
          from mirror mt
          cross join lateral jsonb_to_record(mt.row) as t(id bigint, invoice_policy text)
          where mt.tbl = 'product_template' and t.invoice_policy = 'delivery')
),
open_line as (
    select l.order_id,
           round(l.price_total * (
                     case when l.product_id in (select id from on_delivery)
                          then coalesce(l.qty_delivered, 0) else l.product_uom_qty end
                     - (coalesce(l.qty_invoiced, 0) - coalesce(d.quantity, 0))
                 ), 30) / l.product_uom_qty as amount
    from sale_line l
    left join (
        select order_line_id, sum(quantity) as quantity from draft_link group by order_line_id
    ) d on d.order_line_id = l.id
    where l.display_type is null and l.product_uom_qty <> 0
      and l.order_id in (select id from open_order)
),
order_sum as (
    select order_id, sum(amount) as amount from open_line group by order_id
),
order_open as materialized (
    select o.company_id, o.partner_id, o.ships_on,
           round(round(s.amount / o.currency_rate, 20), coalesce(d.decimals, 2)) as amount
    from open_order o
    join order_sum s on s.order_id = o.id
    left join company_decimals d on d.company_id = o.company_id
),
-- ---------------------------------------------------------------------------------------------------------------
-- Per customer what the checks need of single documents. A negative item that falls due is a credit note and no
-- payment.
item_part as (
    select company_id, partner_id,
           sum(amount_residual) filter (where amount_residual > 0 and due < $1::date - 30) as late,
           max(amount_residual) filter (where amount_residual > 0) as largest,
           max(due) filter (where amount_residual < 0 and display_type is distinct from 'payment_term') as unapplied_on
    from item
    where amount_residual <> 0
    group by company_id, partner_id
),
payment_part as (
    select company_id, partner_id, max(paid_on) as paid_on
    from payment
    group by company_id, partner_id
),
order_part as (
    select company_id, partner_id,
           sum(amount) filter (where ships_on > $1::date + 30) as later,
           max(amount) as largest
    from order_open
    group by company_id, partner_id
),
score_part as (
    select company_id, partner_id, max(score) as highest
    from score_day
    where day between $1::date - 29 and $1::date
    group by company_id, partner_id
),
-- ---------------------------------------------------------------------------------------------------------------
-- What changes the exposure in the next 90 days: items that are not due yet leave on the day after their due date,
-- orders beyond the horizon come in on the day from which they ship within 30 days.
step as (
    select company_id, partner_id, due + 1 as day, -amount_residual as amount
    from item
    where amount_residual > 0 and due >= $1::date
    union all
    select company_id, partner_id, ships_on - 30, amount
    from order_open
    where ships_on > $1::date + 30
),
-- Summed per day first, so that what leaves and what comes in on one day meet. Only on such days can the exposure
-- rise above the limit.
forecast as (
    select company_id, partner_id, day,
           sum(sum(amount)) over (partition by company_id, partner_id order by day) as change
    from step
    where day <= $1::date + 90
    group by company_id, partner_id, day
),
-- ---------------------------------------------------------------------------------------------------------------
customer as (
    select company_id, partner_id from exposure_now
    union
    select company_id, partner_id from history
    union
    select company_id, partner_id from customer_revenue
),
-- A limit of 0 or less is treated as none. What there is no row of is 0.
fact as materialized (
    select k.company_id, k.partner_id,
           coalesce(h.n, 0) as n,
           case when h.n >= 3 then
               round(((h.n * h.own + 3 * coalesce(n.mean, 80)) / (h.n + 3))::numeric, 2) end as payment_history,
           round(coalesce(v.order_volume, 0), 2) as order_volume,
           coalesce(e.total, 0) as total,
           coalesce(e.total, 0) - coalesce(o.later, 0) as total_in_horizon,
           case when e.credit_limit > 0 then e.credit_limit end as credit_limit,
           coalesce(e.overdue, 0) as overdue,
           coalesce(e.not_due, 0) + coalesce(e.overdue, 0) as open_items,
           case when e.overdue > 0 then $1::date - e.oldest_due else 0 end as oldest_days,
           coalesce(i.late, 0) as late,
           greatest(i.largest, o.largest, 0) as largest,
           case when e.overdue > 0 then
               greatest($1::date - coalesce(greatest(p.paid_on, i.unapplied_on), e.oldest_due), 0)
           else 0 end as days_without_payment,
           s.highest
    from customer k
    left join exposure_now e using (company_id, partner_id)
    left join history h using (company_id, partner_id)
    left join volume v using (company_id, partner_id)
    left join item_part i using (company_id, partner_id)
    left join payment_part p using (company_id, partner_id)
    left join order_part o using (company_id, partner_id)
    left join score_part s using (company_id, partner_id)
    left join norm n on n.company_id = k.company_id
),
scored as (
    select f.*,
           round(0.50 * f.payment_history
               + 0.20 * (100 - coalesce(least(greatest(100 * f.total / f.credit_limit, 0), 100), 0))
               + 0.20 * (100 - coalesce(100 * f.overdue / nullif(f.open_items, 0), 0) * least(1, f.oldest_days / 90.0))
               + 0.10 * f.order_volume, 2) as credit_score
    from fact f
),
breach as (
    select f.company_id, f.partner_id, min(c.day) as breach_on
    from fact f
    join forecast c using (company_id, partner_id)
    where f.total_in_horizon <= f.credit_limit and f.total_in_horizon + c.change > f.credit_limit
    group by f.company_id, f.partner_id
)
select s.company_id::int as company_id,
       s.partner_id::int as partner_id,
       s.n::int as experiences,
       s.payment_history,
       s.order_volume,
       s.credit_score,
       100 * s.total / s.credit_limit                                 as f_utilisation,
       100 * s.total_in_horizon / s.credit_limit                      as f_horizon,
       s.oldest_days::numeric                                         as f_oldest_open,
       coalesce(100 * s.late / nullif(s.open_items, 0), 0)            as f_overdue_share,
       100 * s.largest / s.credit_limit                               as f_single_document,
       s.days_without_payment::numeric                                as f_no_payment,
       -- Without earlier scores there is nothing to be below; without a score now there is no figure.
       case when s.credit_score is not null
            then greatest(coalesce(s.highest, 0) - s.credit_score, 0) end as f_score_drop,
       b.breach_on
from scored s
left join breach b using (company_id, partner_id)
order by s.company_id, s.partner_id

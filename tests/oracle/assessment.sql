-- What the credit decisions are made of, per customer: payment history, order volume, credit score, the figures of the
-- seven checks and the predicted breach, computed from scratch from a plain mirror of Odoo's rows.
--
--   mirror(tbl text, id text, row jsonb, primary key (tbl, id))     row = last `after` image of the change feed
--   exposure_now     the result of exposure.sql for the same rows and the same day
--   norm(company_id int, mean double precision, revenues numeric[])        the result of norms.sql when the day began
--   score_day(company_id int, partner_id int, day date, score numeric)     credit_score when each day began, if any
--   $1 = today (date)
--
-- One row per (root company, commercial partner) with an exposure, a payment of the last 730 days, or an invoice or credit
-- note dated within the 360 days. The checks have their default parameters (30 days everywhere), no limit is raised, and
-- the source's time zone is UTC.
-- What the terms mean is said in processors/credit/decisions.md; how values arrive, in exposure.sql. The first half of this
-- file is also the first half of norms.sql: each is one statement and stands on its own.

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
-- Confirmed orders one by one, each with what is left to invoice. exposure.sql sums the same amounts and says why
-- they are made this way.
sale_line as materialized (
    select r.id, r.order_id, r.product_id, r.display_type, r.is_downpayment, coalesce(r.product_uom, r.product_uom_id) as unit_id,
           r.price_total, r.product_uom_qty, r.qty_delivered, r.qty_invoiced, r.untaxed_amount_to_invoice
    from mirror m
    cross join lateral jsonb_to_record(m.row)
        as r(id bigint, order_id bigint, product_id bigint, display_type text, state text, is_downpayment boolean,
             product_uom bigint, product_uom_id bigint, price_total numeric, product_uom_qty numeric, qty_delivered numeric,
             qty_invoiced numeric, untaxed_amount_to_invoice numeric)
    where m.tbl = 'sale_order_line' and r.state = 'sale'
),
-- An order ships on the day of its commitment date; one without is taken for today's.
confirmed_order as materialized (
    select r.id, r.company_id as own_company_id,
           coalesce(c.root_id, r.company_id) as company_id,
           coalesce(p.commercial_id, r.partner_invoice_id, r.partner_id) as partner_id,
           coalesce(r.currency_id, rc.currency_id) as currency_id, rc.currency_id as own_currency_id,
           r.amount_total, r.amount_untaxed,
           coalesce(date '1970-01-01' + floor(r.commitment_date / 86400000000.0)::int, $1::date) as ships_on
    from mirror m
    cross join lateral jsonb_to_record(m.row)
        as r(id bigint, state text, company_id bigint, partner_id bigint, partner_invoice_id bigint, currency_id bigint,
             amount_untaxed numeric, amount_total numeric, commitment_date bigint)
    left join company c on c.id = r.company_id
    left join root_company rc on rc.id = c.root_id
    left join partner p on p.id = coalesce(r.partner_invoice_id, r.partner_id)
    where m.tbl = 'sale_order' and r.state = 'sale' and r.company_id is not null
      and coalesce(r.partner_invoice_id, r.partner_id) is not null
),
open_order as materialized (
    select o.*, coalesce(cur.decimals, 2) as decimals
    from confirmed_order o
    left join currency cur on cur.id = o.currency_id
    where o.id in (select order_id from sale_line where untaxed_amount_to_invoice > 0)
),
-- Only the links of open orders are looked up: most links belong to orders that are invoiced in full.
open_link as materialized (
    select l.order_line_id, l.invoice_line_id
    from mirror m
    cross join lateral jsonb_to_record(m.row) as l(invoice_line_id bigint, order_line_id bigint)
    where m.tbl = 'sale_order_line_invoice_rel'
      and l.order_line_id in (select s.id from sale_line s join open_order o on o.id = s.order_id)
),
-- Units of measure.
unit as materialized (
    select r.id, case when r.relative_factor is null then r.factor else 1 / r.factor end as per_reference,
           coalesce(nullif(r.rounding, 0), 0.01) as part
    from mirror m
    cross join lateral jsonb_to_record(m.row)
        as r(id bigint, factor numeric, relative_factor numeric, rounding numeric)
    where m.tbl = 'uom_uom' and r.factor > 0
),
draft_link as materialized (
    select k.order_line_id,
           case mm.row ->> 'move_type' when 'out_refund' then -1 else 1 end
           * case when f.id is null or t.id is null or f.id = t.id then coalesce(r.quantity, 0)
                  else sign(r.quantity) * t.part * greatest(0,
                      ceil(abs(r.quantity * t.per_reference / f.per_reference / t.part) - 0.00001)) end as quantity
    from open_link k
    join sale_line l on l.id = k.order_line_id
    join mirror mi on mi.tbl = 'account_move_line' and mi.id = k.invoice_line_id::text
    cross join lateral jsonb_to_record(mi.row) as r(move_id bigint, quantity numeric, product_uom_id bigint)
    join mirror mm on mm.tbl = 'account_move' and mm.id = r.move_id::text
    left join unit f on f.id = r.product_uom_id
    left join unit t on t.id = l.unit_id
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
    select l.order_id, o.decimals,
           round(round(l.price_total * (
                     case when l.product_id in (select id from on_delivery)
                          then coalesce(l.qty_delivered, 0) else l.product_uom_qty end - p.posted
                 ), 30) / l.product_uom_qty, 20) as amount,
           round(round(l.price_total * (l.product_uom_qty - p.posted), 30) / l.product_uom_qty, 20) as of_all
    from sale_line l
    join open_order o on o.id = l.order_id
    left join (
        select order_line_id, sum(quantity) as quantity from draft_link group by order_line_id
    ) d on d.order_line_id = l.id
    cross join lateral (select coalesce(l.qty_invoiced, 0) - coalesce(d.quantity, 0) as posted) p
    where l.display_type is null and l.product_uom_qty <> 0
),
order_sum as (
    select order_id, sum(round(amount, decimals)) as amount, sum(round(of_all, decimals)) as of_all
    from open_line group by order_id
),
-- Expenses to be invoiced anew, which a down payment may be for.
expense as (
    select l.order_id, sum(round(greatest(l.untaxed_amount_to_invoice, 0), o.decimals)) as amount
    from sale_line l
    join open_order o on o.id = l.order_id
    where l.display_type is null and l.product_uom_qty = 0 and l.is_downpayment is not true
    group by l.order_id
),
-- Down payments on posted documents and at a point of sale.
down_line as (
    select l.order_id, -r.amount_currency as untaxed, r.currency_id, 0::numeric as with_taxes
    from sale_line l
    join open_link k on k.order_line_id = l.id
    join mirror mi on mi.tbl = 'account_move_line' and mi.id = k.invoice_line_id::text
    cross join lateral jsonb_to_record(mi.row)
        as r(parent_state text, is_downpayment boolean, amount_currency numeric, currency_id bigint)
    where l.is_downpayment and r.parent_state = 'posted' and r.is_downpayment
    union all
    select l.order_id, 0, null, r.price_subtotal_incl
    from mirror m
    cross join lateral jsonb_to_record(m.row)
        as r(order_id bigint, sale_order_line_id bigint, price_subtotal_incl numeric)
    join sale_line l on l.id = r.sale_order_line_id and l.is_downpayment
    join mirror mo on mo.tbl = 'pos_order' and mo.id = r.order_id::text
    where m.tbl = 'pos_order_line'
      and mo.row ->> 'state' not in ('draft', 'cancel', 'invoiced') and mo.row ->> 'account_move' is null
),
down_payment as (
    select o.id as order_id,
           round(case when o.amount_untaxed <> 0
                      then round(round(o.amount_total * d.untaxed, 30) / o.amount_untaxed, 20) else d.untaxed end
                 + d.with_taxes, o.decimals) as posted
    from (
        select x.order_id, coalesce(sum(x.with_taxes), 0) as with_taxes,
               coalesce(sum(round(x.untaxed * coalesce(t.rate, 1) / coalesce(f.rate, 1), 20)), 0) as untaxed
        from down_line x
        join open_order o on o.id = x.order_id
        left join rate t on t.company_id = o.company_id and t.currency_id = o.currency_id
        left join rate f on f.company_id = o.company_id and f.currency_id = x.currency_id
        group by x.order_id
    ) d
    join open_order o on o.id = d.order_id
),
order_open as materialized (
    select o.company_id, o.partner_id, o.ships_on,
           round(round(a.amount * case when o.currency_id is distinct from o.own_currency_id
                                       then coalesce(t.rate, 1) / coalesce(f.rate, 1) else 1 end, 20),
                 coalesce(rc.decimals, 2)) as amount
    from open_order o
    join order_sum s on s.order_id = o.id
    left join down_payment p on p.order_id = o.id
    left join expense e on e.order_id = o.id
    cross join lateral (select coalesce(e.amount, 0) as expense) x
    cross join lateral (
        select case when coalesce(p.posted, 0) = 0 then s.amount
                    when p.posted > greatest(s.amount, s.of_all) + x.expense
                    then greatest(s.amount, s.of_all) + x.expense - p.posted
                    else greatest(s.amount - p.posted, 0) end as amount
    ) a
    left join root_company rc on rc.id = o.company_id
    left join rate f on f.company_id = o.company_id and f.currency_id = o.currency_id
    left join rate t on t.company_id = o.company_id and t.currency_id = o.own_currency_id
),
-- ---------------------------------------------------------------------------------------------------------------
-- Limits that branches have set count where the branch has orders with something on them that is neither delivered nor invoiced:
-- Odoo asks for the limit of the order's own company (Odoo: sale/models/sale_order.py _compute_partner_credit_warning). How limits
-- are kept, exposure.sql says.
branch_order as (
    select distinct company_id, partner_id, own_company_id
    from confirmed_order
    where own_company_id <> company_id
      and id in (select order_id from sale_line
                 where display_type is null and is_downpayment is not true and product_uom_qty <> 0
                   and coalesce(qty_delivered, 0) < product_uom_qty and coalesce(qty_invoiced, 0) < product_uom_qty)
),
property as materialized (
    select r.id, substr(r.res_id, length('res.partner,') + 1) as partner_id, r.company_id, r.value_float
    from mirror m
    cross join lateral jsonb_to_record(m.row) as r(id bigint, name text, res_id text, company_id bigint, value_float numeric)
    where m.tbl = 'ir_property' and r.name = 'credit_limit' and r.res_id like 'res.partner,%' and r.value_float is not null
),
branch_limit as (
    select o.company_id, o.partner_id, min(l.credit_limit) as credit_limit
    from branch_order o
    join mirror m on m.tbl = 'res_partner' and m.id = o.partner_id::text
    cross join lateral (
        select coalesce(
            case when m.row ->> 'credit_limit' like '{%'
                 then ((m.row ->> 'credit_limit')::jsonb ->> o.own_company_id::text)::numeric end,
            (select p.value_float from property p
             where p.partner_id = o.partner_id::text and coalesce(p.company_id, o.own_company_id) = o.own_company_id
             order by p.company_id nulls last, p.id desc limit 1)) as credit_limit
    ) l
    where l.credit_limit > 0
      and coalesce((m.row ->> 'commercial_partner_id')::bigint, o.partner_id) = o.partner_id
    group by o.company_id, o.partner_id
),
-- ---------------------------------------------------------------------------------------------------------------
-- Per customer what the checks need of single documents. A negative item that falls due is a credit note and no
-- payment, nor is one of a journal that holds no money.
item_part as (
    select company_id, partner_id, max(due) as unapplied_on
    from item
    where amount_residual < 0 and display_type is distinct from 'payment_term' and may_be_money
    group by company_id, partner_id
),
receivable_part as (
    select company_id, partner_id, sum(amount) as amount,
           coalesce(sum(amount) filter (where due < $1::date), 0) as overdue,
           sum(amount) filter (where due < $1::date - 30) as late,
           min(due) as oldest_due, max(amount) as largest
    from receivable
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
    select company_id, partner_id, due + 1 as day, -amount as amount
    from receivable
    where due >= $1::date
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
           t.total,
           t.total - coalesce(o.later, 0) as total_in_horizon,
           least(case when e.credit_limit > 0 then e.credit_limit end, l.credit_limit) as credit_limit,
           coalesce(r.overdue, 0) as overdue,
           coalesce(r.amount, 0) as open_items,
           case when r.overdue > 0 then $1::date - r.oldest_due else 0 end as oldest_days,
           coalesce(r.late, 0) as late,
           greatest(r.largest, o.largest, 0) as largest,
           case when r.overdue > 0 then
               greatest($1::date - coalesce(greatest(p.paid_on, i.unapplied_on, w.paid_on), r.oldest_due), 0)
           else 0 end as days_without_payment,
           s.highest
    from customer k
    left join exposure_now e using (company_id, partner_id)
    left join history h using (company_id, partner_id)
    left join volume v using (company_id, partner_id)
    left join receivable_part r using (company_id, partner_id)
    left join item_part i using (company_id, partner_id)
    left join payment_part p using (company_id, partner_id)
    left join pending w using (company_id, partner_id)
    left join order_part o using (company_id, partner_id)
    left join branch_limit l using (company_id, partner_id)
    left join score_part s using (company_id, partner_id)
    left join norm n on n.company_id = k.company_id
    cross join lateral (select coalesce(e.total, 0) - coalesce(w.amount, 0) as total) t
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

-- Customers' credit exposure, computed from scratch from a plain mirror of Odoo's rows.
--
--   mirror(tbl text, id text, row jsonb, primary key (tbl, id))     row = last `after` image of the change feed
--   $1 = today (date)
--
-- One row per (root company, commercial partner), amounts in the root company's currency.
-- What Odoo means is said at each step; "Odoo:" names a file of Odoo 18.0, "study" the notes made from its source and
-- from a recorded session of a real Odoo 18.
-- Lookups of single rows go by the primary key; everything else reads a whole tbl once. On a mirror that was never
-- analysed the planner guesses high: run ANALYZE once after loading (or SET jit = off), or it compiles for seconds.
--
-- How values arrive: dates are days since 1970-01-01, numerics are strings, company-dependent columns are
-- JSON text in a string. jsonb_to_record converts each row once to the types named in its column list.

with
-- ---------------------------------------------------------------------------------------------------------------
-- Companies. A branch keeps its books under its root: the first id of parent_path ("1/4/" -> 1).
-- (Odoo: base/models/res_company.py parent_path; account reports and credit use child_of the root company.)
company as materialized (
    select r.id,
           coalesce(nullif(split_part(r.parent_path, '/', 1), '')::bigint, r.id) as root_id,
           r.currency_id
    from mirror m
    cross join lateral jsonb_to_record(m.row) as r(id bigint, parent_path text, currency_id bigint)
    where m.tbl = 'res_company'
),
-- decimal_places is a stored column of res_currency; should it be missing: rounding 0.010000 -> 2, 1 -> 0.
-- (Odoo: base/models/res_currency.py _compute_decimal_places)
root_company as materialized (
    select c.id, cur.name as currency,
           coalesce(cur.decimal_places,
                    case when cur.rounding > 0 and cur.rounding < 1 then ceil(-log(cur.rounding))::int end,
                    case when cur.rounding >= 1 then 0 end,
                    2) as decimals
    from company c
    left join lateral (
        select r.name, r.rounding, r.decimal_places
        from mirror m
        cross join lateral jsonb_to_record(m.row) as r(name text, rounding numeric, decimal_places int)
        where m.tbl = 'res_currency' and m.id = c.currency_id::text
    ) cur on true
    where c.root_id = c.id
),
-- How finely each currency is rounded.
currency as materialized (
    select r.id, coalesce(r.decimal_places, 2) as decimals
    from mirror m
    cross join lateral jsonb_to_record(m.row) as r(id bigint, decimal_places int)
    where m.tbl = 'res_currency'
),
-- Exchange rates: a company's own before those of all.
currency_rate as materialized (
    select r.id, r.currency_id, r.company_id, date '1970-01-01' + r.name as day, r.rate
    from mirror m
    cross join lateral jsonb_to_record(m.row)
        as r(id bigint, currency_id bigint, company_id bigint, name int, rate numeric)
    where m.tbl = 'res_currency_rate' and r.rate <> 0
),
-- Contacts count for their commercial partner (the company they belong to).
-- (Odoo: base/models/res_partner.py _compute_commercial_partner; the column is stored.)
partner as materialized (
    select r.id, coalesce(r.commercial_partner_id, r.id) as commercial_id,
           case when r.credit_limit like '{%' then r.credit_limit::jsonb end as credit_limit
    from mirror m
    cross join lateral jsonb_to_record(m.row) as r(id bigint, commercial_partner_id bigint, credit_limit text)
    where m.tbl = 'res_partner'
),
-- Receivable is said by the account's type, never by its code (study, "other code lists").
receivable_account as materialized (
    select r.id
    from mirror m
    cross join lateral jsonb_to_record(m.row) as r(id bigint, account_type text)
    where m.tbl = 'account_account' and r.account_type = 'asset_receivable'
),
-- ---------------------------------------------------------------------------------------------------------------
-- Open receivable journal items, posted or draft. An item without a partner belongs to nobody's exposure.
receivable_item as materialized (
    select r.move_id, r.company_id, r.partner_id, r.parent_state, r.amount_residual,
           date '1970-01-01' + coalesce(r.date_maturity, r.date) as due
    from mirror m
    cross join lateral jsonb_to_record(m.row)
        as r(move_id bigint, company_id bigint, partner_id bigint, account_id bigint, parent_state text,
             amount_residual numeric, date_maturity int, "date" int)
    where m.tbl = 'account_move_line'
      and r.parent_state in ('posted', 'draft') and r.amount_residual <> 0 and r.partner_id is not null
      and r.account_id in (select id from receivable_account)
),
-- Posted items: res.partner.credit split in three. credit = sum of amount_residual over asset_receivable, posted,
-- unreconciled (Odoo: account/models/partner.py _credit_debit_get); a reconciled item has residual 0, so the flag
-- is not needed. Negative residuals are payments and credit notes nobody has allocated yet.
posted_part as (
    select company_id, partner_id,
           coalesce(sum(amount_residual) filter (where amount_residual > 0 and due >= $1::date), 0) as not_due,
           coalesce(sum(amount_residual) filter (where amount_residual > 0 and due <  $1::date), 0) as overdue,
           coalesce(sum(amount_residual) filter (where amount_residual < 0), 0)                     as unapplied,
           min(due) filter (where amount_residual > 0)                                              as oldest_due
    from receivable_item
    where parent_state = 'posted'
    group by company_id, partner_id
),
-- ---------------------------------------------------------------------------------------------------------------
-- Draft customer invoices and credit notes (OCA account_financial_risk: risk_invoice_draft). Those stemming from
-- orders are left out here, the order still counts them as "to invoice", so nothing counts twice
-- (Odoo excludes the same share in its warning: sale/models/account_move.py).
draft_item as materialized (
    select i.move_id, i.company_id, i.partner_id, i.amount_residual
    from receivable_item i
    join mirror m on m.tbl = 'account_move' and m.id = i.move_id::text
    where i.parent_state = 'draft'
      and m.row ->> 'state' = 'draft' and m.row ->> 'move_type' in ('out_invoice', 'out_refund')
),
-- Units of measure. factor is how many of a unit one reference unit is; since Odoo 19, which has relative_factor, the other way round.
unit as materialized (
    select r.id, case when r.relative_factor is null then r.factor else 1 / r.factor end as per_reference,
           coalesce(nullif(r.rounding, 0), 0.01) as part
    from mirror m
    cross join lateral jsonb_to_record(m.row)
        as r(id bigint, factor numeric, relative_factor numeric, rounding numeric)
    where m.tbl = 'uom_uom' and r.factor > 0
),
-- Links invoice line -> order line, of draft documents only; a credit note takes quantity back. The quantity is that of the order
-- line's unit, rounded away from zero (Odoo: uom/models/uom_uom.py _compute_quantity); factors have ten digits or more.
draft_link as materialized (
    select l.order_line_id, r.move_id,
           case mm.row ->> 'move_type' when 'out_refund' then -1 else 1 end
           * case when f.id is null or t.id is null or f.id = t.id then coalesce(r.quantity, 0)
                  else sign(r.quantity) * t.part * greatest(0,
                      ceil(abs(r.quantity * t.per_reference / f.per_reference / t.part) - 0.00001)) end as quantity
    from mirror m
    cross join lateral jsonb_to_record(m.row) as l(invoice_line_id bigint, order_line_id bigint)
    join mirror mi on mi.tbl = 'account_move_line' and mi.id = l.invoice_line_id::text
    cross join lateral jsonb_to_record(mi.row) as r(move_id bigint, quantity numeric, product_uom_id bigint)
    join mirror mm on mm.tbl = 'account_move' and mm.id = r.move_id::text
    left join mirror ml on ml.tbl = 'sale_order_line' and ml.id = l.order_line_id::text
    left join unit f on f.id = r.product_uom_id
    left join unit t on t.id = coalesce(ml.row ->> 'product_uom', ml.row ->> 'product_uom_id')::bigint
    where m.tbl = 'sale_order_line_invoice_rel'
      and mm.row ->> 'state' = 'draft' and mm.row ->> 'move_type' in ('out_invoice', 'out_refund')
),
draft_part as (
    select company_id, partner_id, sum(amount_residual) as draft_invoiced
    from draft_item
    where move_id not in (select move_id from draft_link where move_id is not null)
    group by company_id, partner_id
),
-- ---------------------------------------------------------------------------------------------------------------
-- Confirmed orders, what is still to be invoiced: res.partner.credit_to_invoice
-- (Odoo: sale/models/res_partner.py, sale_order.py and sale_order_line.py amount_to_invoice; none of it is stored).
-- The debtor is who will be invoiced (partner_invoice_id), not who has ordered.
sale_line as materialized (
    select r.id, r.order_id, r.product_id, r.display_type, r.is_downpayment,
           r.price_total, r.product_uom_qty, r.qty_delivered, r.qty_invoiced, r.untaxed_amount_to_invoice
    from mirror m
    cross join lateral jsonb_to_record(m.row)
        as r(id bigint, order_id bigint, product_id bigint, display_type text, state text, is_downpayment boolean,
             price_total numeric, product_uom_qty numeric, qty_delivered numeric, qty_invoiced numeric,
             untaxed_amount_to_invoice numeric)
    where m.tbl = 'sale_order_line' and r.state = 'sale'
),
open_order as materialized (
    select r.id, coalesce(c.root_id, r.company_id) as company_id,
           coalesce(r.partner_invoice_id, r.partner_id) as partner_id,
           coalesce(r.currency_id, c.currency_id) as currency_id, c.currency_id as own_currency_id,
           coalesce(cur.decimals, 2) as decimals,
           case when r.amount_untaxed <> 0 then r.amount_total / r.amount_untaxed else 1 end as with_taxes
    from mirror m
    cross join lateral jsonb_to_record(m.row)
        as r(id bigint, state text, company_id bigint, partner_id bigint, partner_invoice_id bigint, currency_id bigint,
             amount_untaxed numeric, amount_total numeric)
    left join lateral (
        select company.root_id, root.currency_id
        from company left join company root on root.id = company.root_id
        where company.id = r.company_id
    ) c on true
    left join currency cur on cur.id = coalesce(r.currency_id, c.currency_id)
    where m.tbl = 'sale_order' and r.state = 'sale'
      and r.id in (select order_id from sale_line where untaxed_amount_to_invoice > 0)
),
-- The rate of the day: the latest up to it, else the first to come, else 1 (Odoo: base/models/res_currency.py _get_rates).
rate as materialized (
    select w.company_id, w.currency_id,
           coalesce((select r.rate from currency_rate r
                     where r.currency_id = w.currency_id and coalesce(r.company_id, w.company_id) = w.company_id
                       and r.day <= $1::date
                     order by r.company_id nulls last, r.day desc, r.id desc limit 1),
                    (select r.rate from currency_rate r
                     where r.currency_id = w.currency_id and coalesce(r.company_id, w.company_id) = w.company_id
                     order by r.company_id nulls last, r.day, r.id desc limit 1),
                    1) as rate
    from (select company_id, currency_id from open_order union select company_id, own_currency_id from open_order) w
),
-- Products invoiced on delivery owe what was delivered, all others what was ordered.
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
-- Per line: price per unit, tax included, times the quantity not on a posted invoice, rounded to the order's currency.
-- qty_invoiced counts drafts as invoiced and leaves cancelled documents out, so taking the drafts back gives the posted
-- quantity. Multiplied before it is divided and carried to 30 digits, so that a third of a cent is never cut in between; the
-- inner round brings back the ties which a periodic fraction misses by 1e-30. numeric round() is half away from zero.
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
-- Down payments on posted documents: income lines that are linked to an order's down payment lines. amount_currency of income is
-- negative; deductions and credit notes have the other sign. They have taxes as the order has them, because Odoo makes them
-- of its lines in proportion (sale/wizard/sale_make_invoice_advance.py).
down_payment as (
    select o.id as order_id,
           round(round(o.with_taxes * sum(round(-r.amount_currency * coalesce(t.rate, 1) / coalesce(f.rate, 1), 20)), 20),
                 o.decimals) as posted
    from mirror m
    cross join lateral jsonb_to_record(m.row) as k(invoice_line_id bigint, order_line_id bigint)
    join sale_line l on l.id = k.order_line_id and l.is_downpayment
    join open_order o on o.id = l.order_id
    join mirror mi on mi.tbl = 'account_move_line' and mi.id = k.invoice_line_id::text
    cross join lateral jsonb_to_record(mi.row)
        as r(parent_state text, is_downpayment boolean, amount_currency numeric, currency_id bigint)
    left join rate t on t.company_id = o.company_id and t.currency_id = o.currency_id
    left join rate f on f.company_id = o.company_id and f.currency_id = r.currency_id
    where m.tbl = 'sale_order_line_invoice_rel' and r.parent_state = 'posted' and r.is_downpayment
    group by o.id, o.with_taxes, o.decimals
),
-- What was invoiced in advance is not invoiced again; Odoo still counts it (odoo issue 238909). What goes beyond the whole order
-- will be paid back.
order_left as (
    select o.company_id, o.partner_id, o.currency_id, o.own_currency_id,
           case when coalesce(d.posted, 0) = 0 then s.amount
                when d.posted > greatest(s.amount, s.of_all) then greatest(s.amount, s.of_all) - d.posted
                else greatest(s.amount - d.posted, 0) end as amount
    from open_order o
    join order_sum s on s.order_id = o.id
    left join down_payment d on d.order_id = o.id
),
-- Added up per address and currency, then converted by the rate of the day and rounded (Odoo: res_partner.py
-- _compute_credit_to_invoice, base/models/res_currency.py _convert).
order_part as (
    select o.company_id, o.partner_id,
           round(round(sum(o.amount) * case when o.currency_id = o.own_currency_id then 1 else t.rate / f.rate end, 20),
                 coalesce((select rc.decimals from root_company rc where rc.id = o.company_id), 2)) as to_invoice
    from order_left o
    left join rate f on f.company_id = o.company_id and f.currency_id = o.currency_id
    left join rate t on t.company_id = o.company_id and t.currency_id = o.own_currency_id
    group by o.company_id, o.partner_id, o.currency_id, o.own_currency_id, f.rate, t.rate
),
-- ---------------------------------------------------------------------------------------------------------------
-- Explicit limits, on the commercial partner (contacts only carry copies). 0 is a limit, a missing key is none; the default of
-- the company (ir_default) is not an explicit limit. Branch keys do not count.
--   Odoo 18 on: {"<company id>": amount} in the partner's row.
--   Odoo 17:    rows of ir_property, res_id 'res.partner,<id>'; one without company_id is for every company that has none.
--               (Odoo: base/models/ir_property.py _get_multi)
property as materialized (
    select r.id, substr(r.res_id, length('res.partner,') + 1) as partner_id, r.company_id, r.value_float
    from mirror m
    cross join lateral jsonb_to_record(m.row) as r(id bigint, name text, res_id text, company_id bigint, value_float numeric)
    where m.tbl = 'ir_property' and r.name = 'credit_limit' and r.res_id like 'res.partner,%'
),
explicit_limit as materialized (
    select * from (
        select c.id as company_id, c.root_id, p.id as partner_id,
               coalesce((p.credit_limit ->> c.id::text)::numeric,
                        (select property.value_float from property
                         where property.partner_id = p.id::text and coalesce(property.company_id, c.id) = c.id
                           and property.value_float is not null
                         order by property.company_id nulls last, property.id desc limit 1)) as credit_limit
        from partner p
        cross join company c
        where p.commercial_id = p.id
    ) explicit
    where credit_limit is not null
),
-- A limit belongs to the company that it was set in (company_dependent fields of a branch are the branch's own). What customers owe to a
-- company and its branches is one figure: its own limit counts for it, or else the strictest of its branches'.
credit_limit as materialized (
    select root_id as company_id, partner_id,
           coalesce(min(credit_limit) filter (where company_id = root_id), min(credit_limit)) as credit_limit
    from explicit_limit
    group by root_id, partner_id
),
-- ---------------------------------------------------------------------------------------------------------------
part as (
    select company_id, partner_id, not_due, overdue, unapplied,
           0::numeric as draft_invoiced, 0::numeric as to_invoice, oldest_due from posted_part
    union all
    select company_id, partner_id, 0, 0, 0, draft_invoiced, 0, null from draft_part
    union all
    select company_id, partner_id, 0, 0, 0, 0, to_invoice, null from order_part
),
-- The parts meet on the root company and the commercial partner.
keyed as (
    select coalesce((select c.root_id from company c where c.id = x.company_id), x.company_id) as company_id,
           coalesce((m.row ->> 'commercial_partner_id')::bigint, x.partner_id) as partner_id,
           x.not_due, x.overdue, x.unapplied, x.draft_invoiced, x.to_invoice, x.oldest_due
    from part x
    left join mirror m on m.tbl = 'res_partner' and m.id = x.partner_id::text
    where x.company_id is not null and x.partner_id is not null
),
bucket as (
    select company_id, partner_id,
           sum(not_due) as not_due, sum(overdue) as overdue, sum(unapplied) as unapplied,
           sum(draft_invoiced) as draft_invoiced, sum(to_invoice) as to_invoice, min(oldest_due) as oldest_due
    from keyed
    group by company_id, partner_id
),
-- No row for a partner whose buckets are all zero and who has no explicit limit.
exposure as (
    select company_id, partner_id,
           coalesce(b.not_due, 0) as not_due, coalesce(b.overdue, 0) as overdue,
           coalesce(b.unapplied, 0) as unapplied, coalesce(b.draft_invoiced, 0) as draft_invoiced,
           coalesce(b.to_invoice, 0) as to_invoice, l.credit_limit, b.oldest_due
    from bucket b
    full join credit_limit l using (company_id, partner_id)
    where l.credit_limit is not null
       or b.not_due <> 0 or b.overdue <> 0 or b.unapplied <> 0 or b.draft_invoiced <> 0 or b.to_invoice <> 0
)
select e.company_id::int as company_id,
       e.partner_id::int as partner_id,
       m.row ->> 'name' as partner_name,
       (select rc.currency from root_company rc where rc.id = e.company_id) as currency,
       e.not_due, e.overdue, e.unapplied, e.draft_invoiced, e.to_invoice,
       e.not_due + e.overdue + e.unapplied + e.draft_invoiced + e.to_invoice as total,
       e.credit_limit,
       e.oldest_due
from exposure e
left join mirror m on m.tbl = 'res_partner' and m.id = e.partner_id::text
order by e.company_id, e.partner_id

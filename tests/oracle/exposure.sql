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
-- Links invoice line -> order line, of draft documents only; a credit note takes quantity back.
draft_link as materialized (
    select l.order_line_id, r.move_id,
           case mm.row ->> 'move_type' when 'out_refund' then -1 else 1 end * coalesce(r.quantity, 0) as quantity
    from mirror m
    cross join lateral jsonb_to_record(m.row) as l(invoice_line_id bigint, order_line_id bigint)
    join mirror mi on mi.tbl = 'account_move_line' and mi.id = l.invoice_line_id::text
    cross join lateral jsonb_to_record(mi.row) as r(move_id bigint, quantity numeric)
    join mirror mm on mm.tbl = 'account_move' and mm.id = r.move_id::text
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
sale_line as materialized (
    select r.id, r.order_id, r.product_id, r.display_type,
           r.price_total, r.product_uom_qty, r.qty_delivered, r.qty_invoiced, r.untaxed_amount_to_invoice
    from mirror m
    cross join lateral jsonb_to_record(m.row)
        as r(id bigint, order_id bigint, product_id bigint, display_type text, state text, price_total numeric,
             product_uom_qty numeric, qty_delivered numeric, qty_invoiced numeric, untaxed_amount_to_invoice numeric)
    where m.tbl = 'sale_order_line' and r.state = 'sale'
),
open_order as materialized (
    select r.id, r.company_id, r.partner_id, coalesce(nullif(r.currency_rate, 0), 1) as currency_rate
    from mirror m
    cross join lateral jsonb_to_record(m.row)
        as r(id bigint, state text, company_id bigint, partner_id bigint, currency_rate numeric)
    where m.tbl = 'sale_order' and r.state = 'sale'
      and r.id in (select order_id from sale_line where untaxed_amount_to_invoice > 0)
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
-- price per unit, tax included, times the quantity not on a posted invoice. qty_invoiced counts drafts as invoiced
-- and leaves cancelled documents out, so taking the drafts back gives the posted quantity.
-- Multiplied before it is divided and carried to 30 digits, so that a third of a cent is never cut in between.
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
-- currency_rate: company currency -> order currency. numeric round() is half away from zero; the inner round
-- brings back the ties which a periodic fraction misses by 1e-30.
order_part as (
    select o.company_id, o.partner_id,
           sum(round(round(s.amount / o.currency_rate, 20),
                     coalesce((select rc.decimals
                               from company c
                               join root_company rc on rc.id = c.root_id
                               where c.id = o.company_id), 2))) as to_invoice
    from open_order o
    join order_sum s on s.order_id = o.id
    group by o.company_id, o.partner_id
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
credit_limit as materialized (
    select * from (
        select rc.id as company_id, p.id as partner_id,
               coalesce((p.credit_limit ->> rc.id::text)::numeric,
                        (select property.value_float from property
                         where property.partner_id = p.id::text and coalesce(property.company_id, rc.id) = rc.id
                           and property.value_float is not null
                         order by property.company_id nulls last, property.id desc limit 1)) as credit_limit
        from partner p
        cross join root_company rc
        where p.commercial_id = p.id
    ) explicit
    where credit_limit is not null
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

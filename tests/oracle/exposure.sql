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
           r.currency_id, r.account_use_credit_limit
    from mirror m
    cross join lateral jsonb_to_record(m.row)
        as r(id bigint, parent_path text, currency_id bigint, account_use_credit_limit boolean)
    where m.tbl = 'res_company'
),
-- How finely each currency is rounded. decimal_places is a stored column of res_currency; should it be missing: rounding
-- 0.010000 -> 2, 1 -> 0 (Odoo: base/models/res_currency.py _compute_decimal_places).
currency as materialized (
    select r.id, r.name,
           coalesce(r.decimal_places,
                    case when r.rounding > 0 and r.rounding < 1 then ceil(-log(r.rounding))::int end,
                    case when r.rounding >= 1 then 0 end,
                    2) as decimals
    from mirror m
    cross join lateral jsonb_to_record(m.row) as r(id bigint, name text, rounding numeric, decimal_places int)
    where m.tbl = 'res_currency'
),
root_company as materialized (
    select c.id, cur.name as currency, coalesce(cur.decimals, 2) as decimals
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
-- Journals that hold money. What is booked in them was paid, to the company or by it.
journal as materialized (
    select r.id, r.type
    from mirror m
    cross join lateral jsonb_to_record(m.row) as r(id bigint, type text)
    where m.tbl = 'account_journal'
),
-- ---------------------------------------------------------------------------------------------------------------
-- Journal items: every line of drafts, and the open receivable items of posted entries. An item without a partner belongs to
-- nobody's exposure. parent_state is the entry's own state (Odoo: account/models/account_move_line.py, related and stored).
move_line as materialized (
    select r.id, r.move_id, r.company_id, r.partner_id, r.parent_state, r.display_type, r.amount_residual, r.balance,
           r.quantity, r.product_uom_id, r.journal_id, r.payment_id, r.statement_line_id,
           date '1970-01-01' + coalesce(r.date_maturity, r.date) as due,
           r.amount_residual <> 0 and r.partner_id is not null
               and r.account_id in (select id from receivable_account) as is_receivable
    from mirror m
    cross join lateral jsonb_to_record(m.row)
        as r(id bigint, move_id bigint, company_id bigint, partner_id bigint, account_id bigint, journal_id bigint,
             payment_id bigint, statement_line_id bigint, product_uom_id bigint, parent_state text, display_type text,
             amount_residual numeric, balance numeric, quantity numeric, date_maturity int, "date" int)
    where m.tbl = 'account_move_line'
      and (m.row ->> 'parent_state' = 'draft'
           or m.row ->> 'parent_state' = 'posted' and (m.row ->> 'amount_residual')::numeric <> 0
              and m.row ->> 'partner_id' is not null
              and (m.row ->> 'account_id')::bigint in (select id from receivable_account))
),
-- A debit that does not fall due and stems from a payment is money that was paid out. It settles the credit that it pays back
-- and is no invoice (Odoo: account/models/account_move_line.py payment_id, statement_line_id; account_journal.py type). Where
-- the journal is not told, it is one if a credit of the same amount waits for it.
posted_item as (
    select i.company_id, i.partner_id, i.amount_residual, i.due,
           i.amount_residual < 0
           or i.display_type is distinct from 'payment_term'
              and (i.payment_id is not null or i.statement_line_id is not null
                   or coalesce(j.type in ('bank', 'cash', 'credit'), false)
                   or i.journal_id is null
                      and (i.company_id, i.partner_id, -i.amount_residual) in (
                          select company_id, partner_id, amount_residual
                          from move_line
                          where parent_state = 'posted' and display_type = 'payment_term' and company_id is not null))
           as is_unapplied
    from move_line i
    left join journal j on j.id = i.journal_id
    where i.parent_state = 'posted' and i.company_id is not null
),
-- Posted items: res.partner.credit split in three. credit = sum of amount_residual over asset_receivable, posted,
-- unreconciled (Odoo: account/models/partner.py _credit_debit_get); a reconciled item has residual 0, so the flag
-- is not needed. Negative residuals are payments and credit notes nobody has allocated yet.
posted_part as (
    select company_id, partner_id,
           coalesce(sum(amount_residual) filter (where not is_unapplied and due >= $1::date), 0) as not_due,
           coalesce(sum(amount_residual) filter (where not is_unapplied and due <  $1::date), 0) as overdue,
           coalesce(sum(amount_residual) filter (where is_unapplied), 0)                         as unapplied,
           min(due) filter (where not is_unapplied)                                              as oldest_due
    from posted_item
    group by company_id, partner_id
),
-- ---------------------------------------------------------------------------------------------------------------
-- Confirmed orders' lines.
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
-- Links invoice line -> order line.
link as materialized (
    select r.invoice_line_id, r.order_line_id
    from mirror m
    cross join lateral jsonb_to_record(m.row) as r(invoice_line_id bigint, order_line_id bigint)
    where m.tbl = 'sale_order_line_invoice_rel'
),
-- Units of measure. factor is how many of a unit one reference unit is; since Odoo 19, which has relative_factor, the other way
-- round.
unit as materialized (
    select r.id, case when r.relative_factor is null then r.factor else 1 / r.factor end as per_reference,
           coalesce(nullif(r.rounding, 0), 0.01) as part
    from mirror m
    cross join lateral jsonb_to_record(m.row)
        as r(id bigint, factor numeric, relative_factor numeric, rounding numeric)
    where m.tbl = 'uom_uom' and r.factor > 0
),
-- Draft customer invoices and credit notes.
draft_move as materialized (
    select d.move_id, m.row ->> 'move_type' as move_type
    from (select distinct move_id from move_line where parent_state = 'draft') d
    join mirror m on m.tbl = 'account_move' and m.id = d.move_id::text
    where m.row ->> 'state' = 'draft' and m.row ->> 'move_type' in ('out_invoice', 'out_refund')
),
-- Their links; a credit note takes quantity back. The quantity is that of the order line's unit, rounded away from zero (Odoo:
-- uom/models/uom_uom.py _compute_quantity); factors have ten digits or more.
draft_link as materialized (
    select k.order_line_id, k.invoice_line_id, d.move_id,
           case d.move_type when 'out_refund' then -1 else 1 end
           * case when f.id is null or t.id is null or f.id = t.id then coalesce(r.quantity, 0)
                  else sign(r.quantity) * t.part * greatest(0,
                      ceil(abs(r.quantity * t.per_reference / f.per_reference / t.part) - 0.00001)) end as quantity
    from draft_move d
    join move_line r on r.move_id = d.move_id and r.parent_state = 'draft'
    join link k on k.invoice_line_id = r.id
    left join sale_line l on l.id = k.order_line_id
    left join unit f on f.id = r.product_uom_id
    left join unit t on t.id = l.unit_id
),
draft_item as (
    select i.move_id, i.company_id, i.partner_id, i.amount_residual, d.move_id in (select move_id from draft_link) as is_linked
    from move_line i
    join draft_move d on d.move_id = i.move_id
    where i.parent_state = 'draft' and i.is_receivable
),
-- Drafts count as OCA account_financial_risk has it (risk_invoice_draft). Those stemming from orders are left out here, the order
-- still counts them as "to invoice", so nothing counts twice (Odoo excludes the same share in its warning:
-- sale/models/account_move.py).
draft_part as (
    select company_id, partner_id, sum(amount_residual) as draft_invoiced
    from draft_item
    where not is_linked
    group by company_id, partner_id
),
-- A draft of order lines and others: the others are nowhere in Odoo's figures. Their share of the income is their share of the
-- amount, taxes included.
mixed_draft as (
    select l.move_id, sum(l.balance) as "all",
           coalesce(sum(l.balance) filter (where l.id not in (select invoice_line_id from draft_link)), 0) as free
    from move_line l
    where l.parent_state = 'draft' and l.display_type = 'product' and l.move_id in (select move_id from draft_link)
    group by l.move_id
),
mixed_part as (
    select i.company_id, i.partner_id,
           round(round(round(i.amount_residual * x.free, 30) / x."all", 20), coalesce(rc.decimals, 2)) as committed
    from draft_item i
    join mixed_draft x on x.move_id = i.move_id and x."all" <> 0
    left join company c on c.id = i.company_id
    left join root_company rc on rc.id = c.root_id
),
-- ---------------------------------------------------------------------------------------------------------------
-- Confirmed orders. The debtor is who will be invoiced (partner_invoice_id), not who has ordered. Only those with a line that has
-- something to invoice count as still to be invoiced: res.partner.credit_to_invoice
-- (Odoo: sale/models/res_partner.py, sale_order.py and sale_order_line.py amount_to_invoice; none of it is stored).
confirmed_order as materialized (
    select r.id, coalesce(c.root_id, r.company_id) as company_id,
           coalesce(r.partner_invoice_id, r.partner_id) as partner_id,
           coalesce(r.currency_id, c.currency_id) as currency_id, c.currency_id as own_currency_id,
           coalesce(cur.decimals, 2) as decimals, r.amount_total, r.amount_untaxed,
           r.id in (select order_id from sale_line where untaxed_amount_to_invoice > 0) as is_open
    from mirror m
    cross join lateral jsonb_to_record(m.row)
        as r(id bigint, state text, company_id bigint, partner_id bigint, partner_invoice_id bigint, currency_id bigint,
             amount_untaxed numeric, amount_total numeric)
    left join (
        select company.id, company.root_id, root.currency_id
        from company left join company root on root.id = company.root_id
    ) c on c.id = r.company_id
    left join currency cur on cur.id = coalesce(r.currency_id, c.currency_id)
    where m.tbl = 'sale_order' and r.state = 'sale'
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
-- What was ordered and will be invoiced once it is delivered, Odoo does not count; nor expenses that are invoiced anew on lines
-- without an ordered quantity, of which it stores no taxes (Odoo: sale/models/sale_order_line.py _compute_amount_to_invoice).
order_line as (
    select l.order_id, o.decimals,
           case when o.is_open and l.product_uom_qty <> 0 then
               round(round(l.price_total * (
                         case when p.on_delivery then coalesce(l.qty_delivered, 0) else l.product_uom_qty end - p.posted
                     ), 30) / l.product_uom_qty, 20) end as amount,
           case when o.is_open and l.product_uom_qty <> 0 then
               round(round(l.price_total * (l.product_uom_qty - p.posted), 30) / l.product_uom_qty, 20) end as of_all,
           case when not coalesce(l.is_downpayment, false) and l.product_uom_qty = 0
                then greatest(l.untaxed_amount_to_invoice, 0) else 0 end as expense,
           case when l.is_downpayment then 0
                when l.product_uom_qty = 0 then greatest(l.untaxed_amount_to_invoice, 0)
                when p.on_delivery and sign(p.undelivered) = sign(l.product_uom_qty)
                then round(round(l.price_total * p.undelivered, 30) / l.product_uom_qty, 20)
                else 0 end as committed
    from sale_line l
    join confirmed_order o on o.id = l.order_id
    left join (
        select order_line_id, sum(quantity) as quantity from draft_link group by order_line_id
    ) d on d.order_line_id = l.id
    cross join lateral (
        select coalesce(l.qty_invoiced, 0) - coalesce(d.quantity, 0) as posted,
               -- What is invoiced and not delivered is taken off the figure of an order that has one.
               l.product_uom_qty - case when o.is_open then coalesce(l.qty_delivered, 0)
                   when l.product_uom_qty < 0
                   then least(coalesce(l.qty_delivered, 0), coalesce(l.qty_invoiced, 0) - coalesce(d.quantity, 0))
                   else greatest(coalesce(l.qty_delivered, 0), coalesce(l.qty_invoiced, 0) - coalesce(d.quantity, 0))
               end as undelivered,
               coalesce(l.product_id in (select id from on_delivery), false) as on_delivery
    ) p
    where l.display_type is null
),
-- The amounts of an order without an open line are NULL: nothing of it counts as still to be invoiced.
order_sum as (
    select order_id, sum(round(amount, decimals)) as amount, sum(round(of_all, decimals)) as of_all,
           coalesce(sum(round(expense, decimals)), 0) as expense, coalesce(sum(round(committed, decimals)), 0) as committed
    from order_line group by order_id
),
-- Down payments on posted documents: income lines that are linked to an order's down payment lines. amount_currency of income is
-- negative; deductions and credit notes have the other sign. They have taxes as the order has them, because Odoo makes them
-- of its lines in proportion (sale/wizard/sale_make_invoice_advance.py). Down payments at a point of sale have no such document
-- while they are not invoiced; their amounts are with taxes and in the order's currency (Odoo: pos_sale/models/pos_order.py).
down_line as (
    select l.order_id, -r.amount_currency as untaxed, r.currency_id, 0::numeric as with_taxes
    from sale_line l
    join link k on k.order_line_id = l.id
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
        join confirmed_order o on o.id = x.order_id
        left join rate t on t.company_id = o.company_id and t.currency_id = o.currency_id
        left join rate f on f.company_id = o.company_id and f.currency_id = x.currency_id
        group by x.order_id
    ) d
    join confirmed_order o on o.id = d.order_id
),
-- What was invoiced in advance is not invoiced again; Odoo still counts it (odoo issue 238909). What goes beyond the whole order
-- will be paid back. What is paid in advance of deliveries is no longer committed; an advance never adds to it.
order_left as (
    select o.company_id, o.partner_id, o.currency_id, o.own_currency_id,
           case when s.amount is null then 0
                when d.posted = 0 then s.amount
                when d.posted > greatest(s.amount, s.of_all) + s.expense
                then greatest(s.amount, s.of_all) + s.expense - d.posted
                else greatest(s.amount - d.posted, 0) end as to_invoice,
           coalesce(s.amount, 0) as to_invoice_odoo,
           case when d.posted = 0 then s.committed
                else least(s.committed,
                           greatest(s.committed - greatest(d.posted - greatest(s.amount, 0), 0), 0)) end as committed
    from order_sum s
    join confirmed_order o on o.id = s.order_id
    left join down_payment p on p.order_id = o.id
    cross join lateral (select coalesce(p.posted, 0) as posted) d
),
-- Added up per address and currency, then converted by the rate of the day and rounded (Odoo: res_partner.py
-- _compute_credit_to_invoice, base/models/res_currency.py _convert).
order_part as (
    select o.company_id, o.partner_id,
           round(round(o.to_invoice * x.rate, 20), x.decimals) as to_invoice,
           round(round(o.to_invoice_odoo * x.rate, 20), x.decimals) as to_invoice_odoo,
           round(round(o.committed * x.rate, 20), x.decimals) as committed
    from (
        select company_id, partner_id, currency_id, own_currency_id,
               sum(to_invoice) as to_invoice, sum(to_invoice_odoo) as to_invoice_odoo, sum(committed) as committed
        from order_left
        where to_invoice <> 0 or to_invoice_odoo <> 0 or committed <> 0
        group by company_id, partner_id, currency_id, own_currency_id
    ) o
    left join root_company rc on rc.id = o.company_id
    left join rate f on f.company_id = o.company_id and f.currency_id = o.currency_id
    left join rate t on t.company_id = o.company_id and t.currency_id = o.own_currency_id
    cross join lateral (
        select case when o.currency_id is distinct from o.own_currency_id
                    then coalesce(t.rate, 1) / coalesce(f.rate, 1) else 1 end as rate,
               coalesce(rc.decimals, 2) as decimals
    ) x
),
-- ---------------------------------------------------------------------------------------------------------------
-- The parts meet on the root company and the commercial partner. Whoever has a part has a row, even where amounts cancel out.
part as (
    select company_id, partner_id, not_due, overdue, unapplied, 0::numeric as draft_invoiced,
           0::numeric as to_invoice, 0::numeric as to_invoice_odoo, 0::numeric as committed, oldest_due from posted_part
    union all
    select company_id, partner_id, 0, 0, 0, draft_invoiced, 0, 0, 0, null from draft_part
    union all
    select company_id, partner_id, 0, 0, 0, 0, 0, 0, committed, null from mixed_part where committed <> 0
    union all
    select company_id, partner_id, 0, 0, 0, 0, to_invoice, to_invoice_odoo, committed, null from order_part
),
bucket as materialized (
    select coalesce(c.root_id, x.company_id) as company_id,
           coalesce((m.row ->> 'commercial_partner_id')::bigint, x.partner_id) as partner_id,
           sum(x.not_due) as not_due, sum(x.overdue) as overdue, sum(x.unapplied) as unapplied,
           sum(x.draft_invoiced) as draft_invoiced, sum(x.to_invoice) as to_invoice,
           sum(x.to_invoice_odoo) as to_invoice_odoo, sum(x.committed) as committed, min(x.oldest_due) as oldest_due
    from part x
    left join company c on c.id = x.company_id
    left join mirror m on m.tbl = 'res_partner' and m.id = x.partner_id::text
    where x.company_id is not null and x.partner_id is not null
    group by 1, 2
),
-- ---------------------------------------------------------------------------------------------------------------
-- Limits, on the commercial partner (contacts only carry copies). 0 is an explicit limit, a missing key is none.
--   Odoo 18 on: {"<company id>": amount} in the partner's row.
--   Odoo 17:    rows of ir_property, res_id 'res.partner,<id>'; one without company_id is for every company that has none;
--               one without res_id is the company's default.
--               (Odoo: base/models/ir_property.py _get_multi)
property as materialized (
    select r.id, r.res_id, substr(r.res_id, length('res.partner,') + 1) as partner_id, r.company_id, r.value_float
    from mirror m
    cross join lateral jsonb_to_record(m.row) as r(id bigint, name text, res_id text, company_id bigint, value_float numeric)
    where m.tbl = 'ir_property' and r.name = 'credit_limit' and r.value_float is not null
      and (r.res_id is null or r.res_id like 'res.partner,%')
),
property_limit as (
    select distinct on (c.id, p.partner_id) c.id as company_id, p.partner_id, p.value_float as credit_limit
    from property p
    join company c on c.id = coalesce(p.company_id, c.id)
    where p.res_id is not null
    order by c.id, p.partner_id, p.company_id nulls last, p.id desc
),
explicit_limit as materialized (
    select c.id as company_id, c.root_id, p.id as partner_id,
           coalesce((p.credit_limit ->> c.id::text)::numeric, l.credit_limit) as credit_limit
    from partner p
    cross join company c
    left join property_limit l on l.company_id = c.id and l.partner_id = p.id::text
    where p.commercial_id = p.id and coalesce((p.credit_limit ->> c.id::text)::numeric, l.credit_limit) is not null
),
-- A company's default, for customers without a limit of their own. It is JSON in ir_default since Odoo 18, and means nothing where
-- the company does not use limits (Odoo: base/models/ir_default.py, account/models/company.py account_use_credit_limit).
json_default as (
    select r.id, r.company_id, case when jsonb_typeof(j.value) = 'number' then j.value::numeric end as credit_limit
    from mirror m
    cross join lateral jsonb_to_record(m.row)
        as r(id bigint, field_id bigint, user_id bigint, company_id bigint, condition text, json_value text)
    cross join lateral (
        select case when pg_input_is_valid(r.json_value, 'jsonb') then r.json_value::jsonb end as value
    ) j
    join mirror mf on mf.tbl = 'ir_model_fields' and mf.id = r.field_id::text
    where m.tbl = 'ir_default' and r.user_id is null and r.condition is null and jsonb_typeof(j.value) = 'number'
      and mf.row ->> 'model' = 'res.partner' and mf.row ->> 'name' = 'credit_limit'
),
default_limit as materialized (
    select company_id, credit_limit
    from (
        select c.id as company_id,
               coalesce((select d.credit_limit from json_default d
                         where coalesce(d.company_id, c.id) = c.id
                         order by d.company_id nulls last, d.id desc limit 1),
                        (select p.value_float from property p
                         where p.res_id is null and coalesce(p.company_id, c.id) = c.id
                         order by p.company_id nulls last, p.id desc limit 1)) as credit_limit
        from company c
        where c.root_id = c.id and c.account_use_credit_limit
    ) d
    where credit_limit > 0
),
-- A limit belongs to the company that it was set in (company_dependent fields of a branch are the branch's own). What customers
-- owe to a company and its branches is one figure: its own limit counts for it, or else its default, or else the strictest of its
-- branches'.
credit_limit as (
    select p.company_id, p.partner_id, coalesce(l.own, d.credit_limit, l.lowest) as credit_limit
    from (select b.company_id, b.partner_id from bucket b join partner p on p.id = b.partner_id and p.commercial_id = p.id) p
    left join (
        select root_id as company_id, partner_id, min(credit_limit) as lowest,
               min(credit_limit) filter (where company_id = root_id) as own
        from explicit_limit
        group by root_id, partner_id
    ) l using (company_id, partner_id)
    left join default_limit d on d.company_id = p.company_id
)
select b.company_id::int as company_id,
       b.partner_id::int as partner_id,
       m.row ->> 'name' as partner_name,
       rc.currency,
       b.not_due, b.overdue, b.unapplied, b.draft_invoiced, b.to_invoice, b.to_invoice_odoo, b.committed,
       b.not_due + b.overdue + b.unapplied + b.draft_invoiced + b.to_invoice as total,
       l.credit_limit,
       b.oldest_due
from bucket b
left join credit_limit l using (company_id, partner_id)
left join root_company rc on rc.id = b.company_id
left join mirror m on m.tbl = 'res_partner' and m.id = b.partner_id::text
order by b.company_id, b.partner_id

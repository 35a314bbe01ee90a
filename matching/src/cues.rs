//! Words on a bank line that say what kind of movement it is. They are the words of banks and bookkeepers in German, English, French,
//! Dutch, Italian and Spanish, and some of northern and eastern Europe; none of them says which item is meant. No list is complete: what
//! is new to a journal is for a person, whatever the language ([`crate::policy`]).

use std::sync::LazyLock;

use linkage::normalise::text::fold;
use rustc_hash::FxHashMap;

/// What a word says of a movement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cue {
    /// A discount for paying early was taken.
    Discount,
    /// It is a part, or on account.
    Part,
    /// A bank kept something.
    Fee,
    /// Something is contested, or deducted for a reason of the payer's.
    Dispute,
    /// What is named next is not paid.
    Except,
    /// A payment came back, or is reversed.
    Returned,
    /// Wages.
    Payroll,
    /// Taxes and social insurance.
    Tax,
    /// The payer kept a tax.
    Withheld,
    /// A payment provider pays out what it has collected.
    Payout,
    /// A factor pays for receivables that it bought.
    Factor,
    /// Money of the company's own.
    OwnTransfer,
    /// Paid before there is an invoice, or a security.
    Prepayment,
    /// Money goes back to whom it came from.
    Refund,
    /// All that is open is meant.
    Everything,
    /// Something is set off against a debt of the other side.
    SetOff,
    /// A credit note is meant.
    CreditNote,
    /// The bank charges or pays for itself: account fees, interest.
    BankCharge,
    /// The bank only says something.
    Notice,
    /// A number is an offer's, and no invoice's.
    Offer,
}

/// Cues of a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cues(u32);

impl Cues {
    /// Adds one.
    pub fn add(&mut self, cue: Cue) {
        self.0 |= 1 << cue as u32;
    }

    /// Adds all of another text.
    pub fn join(&mut self, other: Self) {
        self.0 |= other.0;
    }

    /// Whether it is there.
    pub fn has(self, cue: Cue) -> bool {
        self.0 & (1 << cue as u32) != 0
    }

    /// Whether any of them is there.
    pub fn any(self, cues: &[Cue]) -> bool {
        cues.iter().any(|cue| self.has(*cue))
    }
}

/// What a word says of the number behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// An invoice's number follows.
    Invoice,
    /// A number follows that is none of ours: a customer's, an order's, a telephone's, a case's.
    Other,
}

/// Whole words; `*` at the end stands for any ending.
const CUES: &[(Cue, &str)] = &[
    (
        Cue::Discount,
        "skonto skonti escompte discount korting betalingskorting sconto descuento eskompt kontantrabatt",
    ),
    (
        Cue::Part,
        "teilzahlung* teilbetrag* abschlag* abschlagszahlung anzahlung acompte acomptes instalment* \
         installment* partial part teil rate echeance deel deelbetaling termijn tranche acconto rata \
         anticipo parcial akonto acct aconto",
    ),
    (
        Cue::Fee,
        "charges charge gebuhr gebuehr gebuhren spesen bankspesen frais fee fees kosten bankkosten \
         commission commissions provision sha ben commissioni comision",
    ),
    (
        Cue::Dispute,
        "reklamation* mangel* mangelruge reclamation* reclame complaint* damaged damage klacht minderung \
         kurzung gekurzt deduction* deducted deduit litige dispute* disputed schaden beschadigt abimees \
         moins minus minder ristorno reclamo reclamacion contestation query bruch defekt defect* \
         fehlmenge shortage missing manquant",
    ),
    (
        Cue::Except,
        "ausser ausgenommen ohne sauf except excepting excluding excl without not later hold ignore \
         include included follow follows behalve zonder hors salvo eccetto tranne excepto nicht spater \
         folgt folgen bleibt niet later apres dopo despues annulee annule annulliert annuliert \
         geannuleerd annullata anulada cancelled canceled pendiente suspenso ignorieren already bereits \
         deja tard tarde pagheremo senere senare pozniej myohemmin paitsi unntatt utom oprocz krome \
         esclusa esclusi menos exceto ej ikke inte ei nie makulerad kreditert peruttu anulowana \
         stornovana cancelada",
    ),
    (
        Cue::Returned,
        "rucklastschrift* rucklast* ruckbuchung* ruckgabe widerspruch chargeback* returned retourniert \
         retour rejected reject impaye impayee impayes storno storniert stornierung reversal reversed \
         fehlleitung bounced unpaid devuelto insoluto devolucion stornering teruggeboekt",
    ),
    (
        Cue::Payroll,
        "lohn lohne lohne/gehalt gehalt gehalter salaire salaires salary salaries wages payroll loon \
         lonen stipendio stipendi nomina nominas remuneration besoldung",
    ),
    (
        Cue::Tax,
        "finanzamt finanzkasse steuer* umsatzsteuer lohnsteuer ust mwst vorsteuer vat tva btw iva tax \
         taxes onss precompte ahv suva krankenkasse urssaf sozialversicherung rsz belastingdienst hmrc \
         steuerverwaltung tresor impot* agenzia bijdrage",
    ),
    (
        Cue::Withheld,
        "bauabzugsteuer abzugsteuer withholding withheld wht tds quellensteuer retenue verrechnungssteuer \
         ritenuta retencion bronbelasting",
    ),
    (
        Cue::Payout,
        "payout payouts settlement stripe paypal adyen mollie mollipay klarna sumup zettle worldline \
         auszahlung reversement uitbetaling sammelauszahlung disbursement shopify gocardless \
         handelsumsatz kartenabrechnung",
    ),
    (Cue::Factor, "factor factoring ankauf forderungsankauf forderungskauf affacturage"),
    (
        Cue::OwnTransfer,
        "umbuchung ubertrag eigenubertrag kontoubertrag own tagesgeld interne intern eigen internal \
         giroconto liquiditat sweep cashpooling traspaso",
    ),
    (
        Cue::Prepayment,
        "vorkasse vorauszahlung prepayment advance deposit kaution depot waarborg caution garantie \
         vooruitbetaling anticipato cauzione voorschot forskott forskudd zaliczka ennakkomaksu prepaid \
         spende donation loan darlehen dividend gift",
    ),
    (
        Cue::Refund,
        "erstattung ruckerstattung ruckvergutung ruckzahlung refund refunds remboursement terugbetaling \
         rimborso reembolso reimbursement",
    ),
    (
        Cue::Everything,
        "alle alles samtliche samtlicher offenen falligen all toutes tous alles outstanding openstaande \
         tutte todas ausgleich saldo",
    ),
    (
        Cue::SetOff,
        "verrechnung verrechnet aufrechnung dette compensation setoff set-off netting schuld verrekend \
         compensazione compensacion contra gegenrechnung verrekening",
    ),
    (Cue::CreditNote, "gutschrift gs avoir credit creditnota creditnote kreditnota abono"),
    (
        Cue::BankCharge,
        "kontofuhrung kontogebuhr kontoabschluss abschluss zinsen habenzinsen sollzinsen interest \
         interests kartengebuhr bankcharges tenue interets rente rentebetaling",
    ),
    (
        Cue::Offer,
        "proforma angebot kostenvoranschlag offerte quote quotation preventivo presupuesto devis offert \
         tilbud tarjous oferta",
    ),
    (Cue::Notice, "mitteilung hinweis notice avis information info"),
];

const LABELS: &[(Label, &str)] = &[
    (
        Label::Invoice,
        "rechnung rechnungen rechn rech rg rgnr rgnr re renr rnr invoice invoices inv invno facture \
         factures fact fac factuur facturen fatt fattura fatture factura facturas bill rekening faktura \
         fakturanr beleg reference ref verwendungszweck nota note gutschrift avoir",
    ),
    (
        Label::Other,
        "kd kdnr kundennr kundennummer kunde kundnr customer client klant klantnr cliente debitor \
         debitorennr order orders bestellung bestellnr bestell auftrag auftragsnr auftr commande cde \
         bestelling pedido ordine po so contract vertrag vertragsnr contrat contratto contrato tel \
         telefon telephone phone fon mobil fax plz mandat mandate mandatsref case member mitglied \
         mitgliedsnr police polis versicherung dossier ticket konto account kto iban carte card karte",
    ),
];

/// What parts a label from its number: it does not change what the label says.
const FILLERS: &[&str] = &[
    "nr", "no", "n", "num", "nummer", "number", "numero", "id", "nrs", "nos", "zu", "vom", "von", "du",
    "van", "of", "our", "your", "ihre", "votre", "uw",
];

struct Words {
    whole: FxHashMap<String, Vec<Cue>>,
    beginnings: Vec<(String, Cue)>,
    labels: FxHashMap<String, Label>,
}

static WORDS: LazyLock<Words> = LazyLock::new(|| {
    let mut words =
        Words { whole: FxHashMap::default(), beginnings: Vec::new(), labels: FxHashMap::default() };
    for (cue, list) in CUES {
        for word in list.split_whitespace() {
            match word.strip_suffix('*') {
                Some(beginning) => words.beginnings.push((fold(beginning), *cue)),
                None => words.whole.entry(fold(word)).or_default().push(*cue),
            }
        }
    }
    for (label, list) in LABELS {
        words.labels.extend(list.split_whitespace().map(|word| (fold(word), *label)));
    }
    words
});

/// Adds what a folded word says.
pub fn read(word: &str, cues: &mut Cues) {
    for cue in WORDS.whole.get(word).into_iter().flatten() {
        cues.add(*cue);
    }
    for (beginning, cue) in &WORDS.beginnings {
        if word.starts_with(beginning.as_str()) {
            cues.add(*cue);
        }
    }
}

/// What a folded word says of the number behind it.
pub fn label(word: &str) -> Option<Label> {
    WORDS.labels.get(word).copied()
}

/// Whether a folded word may stand between a label and its number.
pub fn is_filler(word: &str) -> bool {
    FILLERS.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cues(text: &str) -> Cues {
        let mut cues = Cues::default();
        for word in linkage::normalise::text::words(text) {
            read(&word, &mut cues);
        }
        cues
    }

    #[test]
    fn words_say_what_happened_in_several_languages() {
        assert!(cues("abzüglich 2% Skonto").has(Cue::Discount));
        assert!(cues("RUECKLASTSCHRIFT MD06 WIDERSPRUCH").has(Cue::Returned));
        assert!(cues("Rücklastschrift").has(Cue::Returned));
        assert!(cues("échéance 1/3").has(Cue::Part));
        assert!(cues("SALAIRE AVRIL").has(Cue::Payroll));
        assert!(cues("Überweisung laut Rechnung") == Cues::default());
    }

    #[test]
    fn a_word_inside_another_says_nothing() {
        assert!(!cues("Seminargebühr Holzkurs").has(Cue::Fee));
    }
}

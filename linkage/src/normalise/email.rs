//! E-mail addresses.

/// An address in the form in which equal mailboxes are equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email {
    /// The part before the `@`, without a `+tag`, and without dots where the provider ignores them.
    pub local: String,
    /// The domain.
    pub domain: String,
}

/// Providers whose domain says nothing about who somebody is.
const FREE: &[&str] = &[
    "aol",
    "bluewin",
    "btinternet",
    "free",
    "freenet",
    "gmail",
    "gmx",
    "googlemail",
    "hotmail",
    "icloud",
    "laposte",
    "libero",
    "live",
    "mac",
    "mail",
    "me",
    "msn",
    "orange",
    "outlook",
    "proton",
    "protonmail",
    "qq",
    "sapo",
    "t-online",
    "tiscali",
    "verizon",
    "wanadoo",
    "web",
    "yahoo",
    "yandex",
    "ymail",
];

/// Mailboxes that many people share, or every company has.
const ROLES: &[&str] = &[
    "abrechnung",
    "accounting",
    "accounts",
    "accountspayable",
    "accueil",
    "admin",
    "administracion",
    "administration",
    "administrator",
    "agence",
    "agencia",
    "agency",
    "amministrazione",
    "ap",
    "ar",
    "bestellung",
    "bestellungen",
    "billing",
    "biuro",
    "booking",
    "bookings",
    "buchhalter",
    "buchhaltung",
    "buero",
    "bureau",
    "comercial",
    "commande",
    "commandes",
    "compras",
    "compta",
    "comptabilite",
    "contact",
    "contacto",
    "contato",
    "customerservice",
    "debitor",
    "director",
    "dyrektor",
    "einkauf",
    "email",
    "empfang",
    "enquiries",
    "export",
    "facturacion",
    "factuur",
    "faktura",
    "fakturen",
    "faktury",
    "fattura",
    "fatturazione",
    "finance",
    "finances",
    "finans",
    "finanzen",
    "fonds",
    "hausverwaltung",
    "hello",
    "helpdesk",
    "hotline",
    "hr",
    "import",
    "inbound",
    "info",
    "inkoop",
    "inkop",
    "inquiries",
    "invoice",
    "invoices",
    "invoicing",
    "iroda",
    "isannointi",
    "it",
    "jobs",
    "kancelaria",
    "karriere",
    "kontakt",
    "kontakty",
    "kontor",
    "kreditor",
    "ksiegowosc",
    "kundendienst",
    "kundenservice",
    "kundtjanst",
    "lager",
    "laskut",
    "logistics",
    "logistik",
    "mail",
    "mairie",
    "marketing",
    "muhasebe",
    "myynti",
    "noreply",
    "office",
    "ofis",
    "order",
    "orders",
    "ordini",
    "payables",
    "pedidos",
    "post",
    "posta",
    "postmaster",
    "praxis",
    "procurement",
    "purchase",
    "purchasing",
    "raamatupidamine",
    "receivables",
    "recepcion",
    "reception",
    "rechnung",
    "rechnungen",
    "rechnungseingang",
    "reservas",
    "reservation",
    "reservations",
    "rezeption",
    "sales",
    "salg",
    "satis",
    "secretaria",
    "secretariat",
    "segreteria",
    "sekretar",
    "sekretariat",
    "service",
    "shop",
    "sklep",
    "store",
    "support",
    "szamla",
    "team",
    "tesoreria",
    "toimisto",
    "treasury",
    "ufficio",
    "vendas",
    "ventas",
    "versand",
    "verwaltung",
    "warehouse",
    "webmaster",
    "webshop",
    "zakupy",
    "zarzad",
    "zentrale",
];

/// What people write in front of the `@` who have no address and have to give one.
const PLACEHOLDERS: &[&str] = &[
    "brak",
    "keine",
    "na",
    "no",
    "noemail",
    "nomail",
    "none",
    "nospam",
    "null",
    "test",
    "unbekannt",
    "unknown",
    "x",
    "xx",
    "xxx",
];

/// Reads an address. `None` where there is no `@` with something on both sides, or what only fills the field.
pub fn parse(text: &str) -> Option<Email> {
    let text = text.trim().trim_start_matches("mailto:").to_lowercase();
    let (local, domain) = text.rsplit_once('@')?;
    let domain: String = domain.chars().filter(|letter| !letter.is_whitespace()).collect();
    let local = local.rsplit(['<', ' ']).next().unwrap_or(local);
    let local = local.split_once('+').map_or(local, |(name, _)| name);
    let domain = domain.trim_end_matches(['>', '.', ',', ';']).to_owned();
    let dotless = domain == "gmail.com" || domain == "googlemail.com";
    let local: String = local.chars().filter(|letter| !(dotless && *letter == '.')).collect();
    let is_placeholder = PLACEHOLDERS.binary_search(&local.as_str()).is_ok();
    (!local.is_empty() && !domain.is_empty() && !is_placeholder).then_some(Email { local, domain })
}

impl Email {
    /// The whole address.
    pub fn address(&self) -> String {
        format!("{}@{}", self.local, self.domain)
    }

    /// Whether anybody can have an address at this domain.
    pub fn is_free(&self) -> bool {
        let provider = self.domain.split('.').next().unwrap_or_default();
        FREE.binary_search(&provider).is_ok()
    }

    /// Whether the mailbox is a function's and no person's.
    pub fn is_role(&self) -> bool {
        ROLES.binary_search(&self.local.as_str()).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_mailboxes_are_equal() {
        let address = |text| parse(text).map(|email| email.address());
        assert_eq!(address("Anna.Bell+shop@GoogleMail.com"), Some("annabell@googlemail.com".into()));
        assert_eq!(address("Anna <anna.bell@acme.example>"), Some("anna.bell@acme.example".into()));
        assert_eq!(address("nobody"), None);
        assert_eq!(address("@acme.example"), None);
    }

    #[test]
    fn providers_and_roles_are_known() {
        let email = |text| parse(text).unwrap();
        assert!(email("a@web.de").is_free() && !email("a@acme.example").is_free());
        assert!(email("Info@acme.example").is_role() && !email("anna@acme.example").is_role());
        assert!(FREE.is_sorted() && ROLES.is_sorted());
    }
}

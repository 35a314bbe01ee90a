//! Common abbreviations and empty words in the names of companies and in street lines.
//!
//! Two people rarely shorten the same words: one types "Intl Mgmt Svcs", the other "International
//! Management Services". Each function here brings one word to the form that both share, so that names and
//! addresses can be compared word by word. All words are ASCII lower case without punctuation. An
//! abbreviation whose likely expansions differ too much is left out on purpose, since a wrong expansion
//! hurts more than none.

use std::borrow::Cow;

/// Abbreviations and spelling variants in company names and the word each stands for, sorted by
/// abbreviation.
const COMPANY: &[(&str, &str)] = &[
    ("acad", "academy"),
    ("acctg", "accounting"),
    ("adm", "administration"),
    ("admin", "administration"),
    ("advert", "advertising"),
    ("advtg", "advertising"),
    ("agri", "agriculture"),
    ("agric", "agriculture"),
    ("agrop", "agropecuaria"),
    ("allg", "allgemeine"),
    ("amer", "american"),
    ("assn", "association"),
    ("asso", "association"),
    ("assoc", "associates"),
    ("assocs", "associates"),
    ("assur", "assurances"),
    ("autotrasp", "autotrasporti"),
    ("beteil", "beteiligungen"),
    ("bldg", "building"),
    ("bldrs", "builders"),
    ("bros", "brothers"),
    ("centre", "center"),
    ("cia", "compania"),
    ("cie", "compagnie"),
    ("cntr", "center"),
    ("coll", "college"),
    ("comml", "commercial"),
    ("comms", "communications"),
    ("constr", "construction"),
    ("consult", "consultants"),
    ("coop", "cooperative"),
    ("corp", "corporation"),
    ("costr", "costruzioni"),
    ("ctr", "center"),
    ("dept", "department"),
    ("depto", "departamento"),
    ("dev", "development"),
    ("devel", "development"),
    ("devt", "development"),
    ("dist", "distribution"),
    ("distr", "distribution"),
    ("distrib", "distribution"),
    ("div", "division"),
    ("dt", "deutsche"),
    ("dtsch", "deutsche"),
    ("econ", "economic"),
    ("educ", "education"),
    ("elec", "electric"),
    ("electr", "electric"),
    ("eng", "engineering"),
    ("engg", "engineering"),
    ("engr", "engineering"),
    ("engrg", "engineering"),
    ("ent", "enterprises"),
    ("enterp", "enterprises"),
    ("entpr", "enterprises"),
    ("env", "environmental"),
    ("envir", "environmental"),
    ("equip", "equipment"),
    ("etabl", "etablissements"),
    ("etablts", "etablissements"),
    ("ets", "etablissements"),
    ("fdn", "foundation"),
    ("fed", "federal"),
    ("fin", "financial"),
    ("finl", "financial"),
    ("flli", "fratelli"),
    ("fndn", "foundation"),
    ("gebr", "gebrueder"),
    ("gebroeders", "gebrueder"),
    ("gebruder", "gebrueder"),
    ("gen", "generale"),
    ("ges", "gesellschaft"),
    ("gesell", "gesellschaft"),
    ("gov", "government"),
    ("govt", "government"),
    ("grp", "group"),
    ("handelsmij", "handelsmaatschappij"),
    ("hldg", "holding"),
    ("hldgs", "holdings"),
    ("hnos", "hermanos"),
    ("hosp", "hospital"),
    ("htl", "hotel"),
    ("imm", "immobiliare"),
    ("ind", "industries"),
    ("inds", "industries"),
    ("inh", "inhaber"),
    ("ins", "insurance"),
    ("inst", "institute"),
    ("instr", "instruments"),
    ("internat", "international"),
    ("internatl", "international"),
    ("intl", "international"),
    ("intnl", "international"),
    ("invs", "investments"),
    ("invts", "investments"),
    ("irm", "irmaos"),
    ("ist", "istituto"),
    ("lab", "laboratory"),
    ("labs", "laboratories"),
    ("landw", "landwirtschaft"),
    ("libr", "library"),
    ("logist", "logistics"),
    ("mach", "machinery"),
    ("maint", "maintenance"),
    ("manuf", "manufacturing"),
    ("masch", "maschinen"),
    ("matls", "materials"),
    ("mech", "mechanical"),
    ("med", "medical"),
    ("mfg", "manufacturing"),
    ("mfrs", "manufacturers"),
    ("mgmt", "management"),
    ("mgt", "management"),
    ("mij", "maatschappij"),
    ("mkt", "market"),
    ("mktg", "marketing"),
    ("mkts", "markets"),
    ("mngmt", "management"),
    ("mngt", "management"),
    ("mun", "municipal"),
    ("mus", "museum"),
    ("nac", "nacional"),
    ("natl", "national"),
    ("naz", "nazionale"),
    ("oesterr", "oesterreichische"),
    ("org", "organization"),
    ("organisation", "organization"),
    ("petrol", "petroleum"),
    ("prods", "products"),
    ("props", "properties"),
    ("ptnrs", "partners"),
    ("publg", "publishing"),
    ("refrig", "refrigeration"),
    ("restau", "restaurant"),
    ("scis", "sciences"),
    ("sdad", "sociedad"),
    ("secs", "securities"),
    ("serv", "services"),
    ("servs", "services"),
    ("shpg", "shipping"),
    ("soc", "societe"),
    ("soln", "solutions"),
    ("solns", "solutions"),
    ("srvc", "service"),
    ("srvcs", "services"),
    ("srvs", "services"),
    ("st", "saint"),
    ("sta", "santa"),
    ("std", "standard"),
    ("ste", "sainte"),
    ("svc", "services"),
    ("svcs", "services"),
    ("sys", "systems"),
    ("syst", "systems"),
    ("systs", "systems"),
    ("tech", "technology"),
    ("technol", "technology"),
    ("techs", "technologies"),
    ("telecom", "telecommunications"),
    ("telecomm", "telecommunications"),
    ("telecoms", "telecommunications"),
    ("theatre", "theater"),
    ("transp", "transport"),
    ("univ", "university"),
    ("util", "utilities"),
    ("utils", "utilities"),
    ("veh", "vehicles"),
    ("vers", "versicherung"),
    ("vertr", "vertrieb"),
    ("verw", "verwaltung"),
    ("whse", "warehouse"),
    ("whsl", "wholesale"),
    ("wks", "works"),
];

/// Words that link or introduce others in the languages of Western and Central Europe, sorted.
const CONNECTIVES: &[&str] = &[
    "&", "af", "am", "an", "and", "at", "au", "aux", "av", "by", "chez", "d", "da", "dal", "das", "de",
    "degli", "dei", "del", "dell", "della", "delle", "dello", "dem", "den", "der", "des", "di", "die", "do",
    "dos", "du", "e", "een", "el", "en", "et", "for", "fuer", "fur", "gli", "het", "i", "il", "im", "in",
    "ja", "l", "la", "las", "le", "les", "lo", "los", "mit", "o", "och", "oder", "of", "og", "op", "or",
    "ou", "para", "per", "por", "pour", "sur", "ten", "ter", "the", "til", "till", "to", "u", "und", "van",
    "vom", "von", "voor", "with", "y", "zu", "zum", "zur",
];

/// The connectives that a name may begin with, sorted.
const ARTICLES: &[&str] = &[
    "das", "de", "den", "der", "des", "die", "el", "gli", "het", "il", "la", "las", "les", "lo", "los", "os",
    "the",
];

/// Titles, sorted.
const TITLES: &[&str] = &[
    "dipl",
    "docent",
    "docteur",
    "doctor",
    "doktor",
    "dott",
    "dr",
    "dra",
    "drs",
    "fa",
    "firma",
    "herr",
    "herrn",
    "phd",
    "prof",
    "professor",
];

/// What doctors are of.
const FACULTIES: &[&str] = &["dent", "iur", "jur", "med", "nat", "phil", "rer", "vet"];

/// Words for the older and the younger of one name, sorted.
const SUFFIXES: &[(&str, &str)] = &[
    ("filho", "junior"),
    ("fils", "junior"),
    ("hijo", "junior"),
    ("jnr", "junior"),
    ("jr", "junior"),
    ("jun", "junior"),
    ("junior", "junior"),
    ("ml", "junior"),
    ("mladsi", "junior"),
    ("neto", "neto"),
    ("nipote", "neto"),
    ("padre", "senior"),
    ("pere", "senior"),
    ("sen", "senior"),
    ("senior", "senior"),
    ("snr", "senior"),
    ("sobrinho", "sobrinho"),
    ("sr", "senior"),
    ("starsi", "senior"),
];

/// Abbreviations, spelled-out numbers and equivalents in street lines, sorted by the word as written.
const STREET: &[(&str, &str)] = &[
    ("1er", "1st"),
    ("1ere", "1st"),
    ("al", "aleja"),
    ("aleje", "aleja"),
    ("all", "allee"),
    ("alle", "allee"),
    ("aly", "alley"),
    ("appt", "apartment"),
    ("apt", "apartment"),
    ("av", "avenue"),
    ("avd", "avenue"),
    ("avda", "avenue"),
    ("ave", "avenue"),
    ("aven", "avenue"),
    ("avenida", "avenue"),
    ("avn", "avenue"),
    ("avnue", "avenue"),
    ("bat", "batiment"),
    ("bch", "beach"),
    ("bd", "boulevard"),
    ("bgo", "borgo"),
    ("bld", "boulevard"),
    ("bldg", "building"),
    ("blk", "block"),
    ("blvd", "boulevard"),
    ("boul", "boulevard"),
    ("boulv", "boulevard"),
    ("boulvd", "boulevard"),
    ("bvd", "boulevard"),
    ("byp", "bypass"),
    ("c", "calle"),
    ("cct", "circuit"),
    ("ch", "chemin"),
    ("che", "chemin"),
    ("chem", "chemin"),
    ("chm", "chemin"),
    ("cir", "circle"),
    ("circ", "circle"),
    ("cl", "close"),
    ("cll", "calle"),
    ("cmno", "camino"),
    ("cno", "camino"),
    ("col", "colonia"),
    ("cra", "carrera"),
    ("cres", "crescent"),
    ("cresc", "crescent"),
    ("crk", "creek"),
    ("crs", "cours"),
    ("crt", "court"),
    ("cso", "corso"),
    ("cswy", "causeway"),
    ("ct", "court"),
    ("ctra", "carretera"),
    ("dr", "drive"),
    ("drv", "drive"),
    ("e", "east"),
    ("edif", "edificio"),
    ("eighth", "8th"),
    ("esp", "esplanade"),
    ("espl", "esplanade"),
    ("esq", "esquina"),
    ("estr", "estrada"),
    ("ests", "estates"),
    ("expy", "expressway"),
    ("ext", "extension"),
    ("fbg", "faubourg"),
    ("fg", "faubourg"),
    ("fifth", "5th"),
    ("first", "1st"),
    ("fl", "floor"),
    ("flr", "floor"),
    ("fourth", "4th"),
    ("fraz", "frazione"),
    ("fwy", "freeway"),
    ("gdn", "garden"),
    ("gdns", "gardens"),
    ("gr", "grove"),
    ("grn", "green"),
    ("gro", "grove"),
    ("grv", "grove"),
    ("gt", "great"),
    ("harbour", "harbor"),
    ("hbr", "harbor"),
    ("hgts", "heights"),
    ("hs", "haus"),
    ("hts", "heights"),
    ("hwy", "highway"),
    ("imp", "impasse"),
    ("jct", "junction"),
    ("kd", "kade"),
    ("kra", "carrera"),
    ("lgo", "largo"),
    ("lk", "lake"),
    ("ln", "lane"),
    ("loc", "localita"),
    ("lvl", "level"),
    ("lwr", "lower"),
    ("mdws", "meadows"),
    ("mnr", "manor"),
    ("mt", "mount"),
    ("mte", "montee"),
    ("n", "north"),
    ("nam", "namesti"),
    ("ne", "northeast"),
    ("ninth", "9th"),
    ("nth", "north"),
    ("nw", "northwest"),
    ("os", "osiedle"),
    ("pass", "passage"),
    ("pca", "praca"),
    ("pce", "place"),
    ("pde", "parade"),
    ("pje", "pasaje"),
    ("pk", "park"),
    ("pkwy", "parkway"),
    ("pky", "parkway"),
    ("pl", "place"),
    ("plac", "place"),
    ("platz", "place"),
    ("ple", "piazzale"),
    ("pln", "plein"),
    ("plz", "plaza"),
    ("plza", "plaza"),
    ("pol", "poligono"),
    ("prom", "promenade"),
    ("pso", "paseo"),
    ("pt", "point"),
    ("pza", "plaza"),
    ("pzle", "piazzale"),
    ("pzza", "piazza"),
    ("q", "quai"),
    ("qu", "quai"),
    ("r", "rua"),
    ("rd", "road"),
    ("rdg", "ridge"),
    ("res", "residence"),
    ("rm", "room"),
    ("rod", "rodovia"),
    ("rt", "route"),
    ("rte", "route"),
    ("rue", "rua"),
    ("s", "south"),
    ("se", "southeast"),
    ("second", "2nd"),
    ("sent", "sentier"),
    ("seventh", "7th"),
    ("sixth", "6th"),
    ("sngl", "singel"),
    ("spgs", "springs"),
    ("sq", "square"),
    ("st", "street"),
    ("sta", "station"),
    ("ste", "suite"),
    ("stg", "stiege"),
    ("sth", "south"),
    ("stn", "station"),
    ("str", "strasse"),
    ("sw", "southwest"),
    ("tce", "terrace"),
    ("tenth", "10th"),
    ("ter", "terrace"),
    ("terr", "terrace"),
    ("third", "3rd"),
    ("tpke", "turnpike"),
    ("trav", "travessa"),
    ("trl", "trail"),
    ("tv", "travessa"),
    ("ul", "ulica"),
    ("upr", "upper"),
    ("urb", "urbanizacion"),
    ("v", "via"),
    ("vic", "vicolo"),
    ("vle", "viale"),
    ("vlg", "village"),
    ("vw", "view"),
    ("w", "west"),
    ("wg", "weg"),
    ("wy", "way"),
    ("xing", "crossing"),
];

/// The ending of a compound German street name when its last part is shortened, as in "muellerstr".
const SHORT_ENDING: &str = "str";

/// What completes [`SHORT_ENDING`] to "strasse".
const REST_OF_ENDING: &str = "asse";

/// The full form of a word in a company's name, such as `"management"` for `"mgmt"`, or the word itself.
///
/// The abbreviations are the customary ones of English, German, French, Spanish, Italian, Dutch and
/// Portuguese business names, together with a few spelling variants such as `"centre"` for `"center"`.
#[must_use]
pub fn company(word: &str) -> &str {
    look_up(COMPANY, word).unwrap_or(word)
}

/// Whether a word only links or introduces others, like "and", "der" or "van", and so says nothing about
/// which company is meant.
#[must_use]
pub fn is_connective(word: &str) -> bool {
    CONNECTIVES.binary_search(&word).is_ok()
}

/// Whether a text is nothing but such words, written in one: `vanden`.
#[must_use]
pub fn are_connectives(text: &str) -> bool {
    text.is_empty()
        || CONNECTIVES
            .iter()
            .filter(|word| word.len() > 1)
            .filter_map(|word| text.strip_prefix(word))
            .any(are_connectives)
}

/// Whether a name begins with this word as often as without it.
#[must_use]
pub fn is_article(word: &str) -> bool {
    ARTICLES.binary_search(&word).is_ok()
}

/// Whether a word says what somebody has studied, or that somebody is meant: it is left out as often as it is written.
#[must_use]
pub fn is_title(word: &str) -> bool {
    TITLES.binary_search(&word).is_ok()
}

/// Whether a word behind a title says what it is of.
#[must_use]
pub fn is_faculty(title: &str, word: &str) -> bool {
    (is_title(title) || FACULTIES.contains(&title)) && FACULTIES.contains(&word)
}

/// What tells father and son apart at the end of a name, in one spelling.
#[must_use]
pub fn suffix(word: &str) -> Option<&'static str> {
    look_up(SUFFIXES, word)
}

/// The canonical form of a word in a street line, such as `"road"` for `"rd"`, or the word itself.
///
/// An abbreviation that several languages share, like "av" or "pl" or "r", has one canonical form for all
/// of them: "avenida" becomes "avenue", "platz" and "plac" become "place" and "rue" becomes "rua". The
/// numbers one to ten become digits, as in `"1st"`. A word is judged by itself, so "st" is a street even
/// where it means a saint.
///
/// A compound that ends in "str" is completed to "strasse", in Dutch names as well, because nothing in the
/// word distinguishes "kerkstr" from a German name. A written-out "straat" stays as it is.
#[must_use]
pub fn street(word: &str) -> Cow<'_, str> {
    if let Some(full) = look_up(STREET, word) {
        return Cow::Borrowed(full);
    }
    if word.ends_with(SHORT_ENDING) {
        return Cow::Owned(format!("{word}{REST_OF_ENDING}"));
    }
    Cow::Borrowed(word)
}

/// Finds the entry of a word in a table sorted by its first column.
fn look_up(table: &[(&str, &'static str)], word: &str) -> Option<&'static str> {
    let index = table.binary_search_by(|(key, _)| (*key).cmp(word)).ok()?;
    table.get(index).map(|(_, full)| *full)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_sorted_and_unique() {
        assert!(COMPANY.is_sorted_by(|a, b| a.0 < b.0));
        assert!(CONNECTIVES.is_sorted_by(|a, b| a < b));
        assert!(STREET.is_sorted_by(|a, b| a.0 < b.0));
        assert!(ARTICLES.is_sorted_by(|a, b| a < b));
        assert!(TITLES.is_sorted_by(|a, b| a < b));
        assert!(SUFFIXES.is_sorted_by(|a, b| a.0 < b.0));
    }

    #[test]
    fn a_full_form_is_never_itself_an_abbreviation() {
        for (_, full) in COMPANY {
            assert_eq!(company(full), *full);
        }
        for (_, full) in STREET {
            assert_eq!(street(full), *full);
        }
    }

    #[test]
    fn an_abbreviation_in_a_company_name_is_written_out() {
        assert_eq!(company("mgmt"), "management");
        assert_eq!(company("intl"), "international");
        assert_eq!(company("svc"), company("svcs"));
        assert_eq!(company("ets"), "etablissements");
        assert_eq!(company("gebr"), "gebrueder");
        assert_eq!(company("centre"), "center");
    }

    #[test]
    fn an_unknown_word_of_a_company_name_stays() {
        assert_eq!(company("acme"), "acme");
        assert_eq!(company(""), "");
    }

    #[test]
    fn linking_words_of_several_languages_are_connectives() {
        for word in ["and", "und", "et", "y", "e", "en", "og", "och", "i", "the", "der", "van", "von", "of"] {
            assert!(is_connective(word), "{word}");
        }
    }

    #[test]
    fn connectives_are_seen_where_they_are_written_in_one() {
        assert!(are_connectives("vanden") && are_connectives("dela") && are_connectives(""));
        assert!(!are_connectives("vandent") && !are_connectives("brun"));
    }

    #[test]
    fn a_word_that_names_something_is_no_connective() {
        assert!(!is_connective("acme"));
        assert!(!is_connective("andes"));
        assert!(!is_connective(""));
    }

    #[test]
    fn a_street_word_is_brought_to_its_canonical_form() {
        assert_eq!(street("st"), "street");
        assert_eq!(street("str"), "strasse");
        assert_eq!(street("boul"), street("boulevard"));
        assert_eq!(street("ul"), "ulica");
        assert_eq!(street("nw"), "northwest");
        assert_eq!(street("ste"), "suite");
    }

    #[test]
    fn a_shared_abbreviation_meets_the_full_word_of_every_language() {
        assert_eq!(street("av"), street("avenida"));
        assert_eq!(street("av"), street("avenue"));
        assert_eq!(street("pl"), street("platz"));
        assert_eq!(street("r"), street("rue"));
        assert_eq!(street("r"), street("rua"));
    }

    #[test]
    fn a_number_in_words_meets_the_number_in_digits() {
        assert_eq!(street("first"), street("1st"));
        assert_eq!(street("tenth"), street("10th"));
        assert_eq!(street("42nd"), "42nd");
    }

    #[test]
    fn a_shortened_compound_is_completed() {
        assert_eq!(street("muellerstr"), "muellerstrasse");
        assert_eq!(street("muellerstr"), street("muellerstrasse"));
    }

    #[test]
    fn a_compound_that_is_written_out_stays() {
        assert_eq!(street("hauptplatz"), "hauptplatz");
        assert_eq!(street("kerkstraat"), "kerkstraat");
    }
}

//! Takes the legal form off the name of a company.
//!
//! "Acme", "Acme Ltd" and "ACME L.T.D." are one company to whoever types them, so the words that only say
//! how a company is incorporated are set apart before two names are compared. The form is not thrown away:
//! its class is handed back, because two names that differ in nothing but a contradicting form are worth a
//! second look.

/// The most words a legal form may take when its letters are spelled apart, as in "S. de R. L. de C. V.".
const LONGEST: usize = 7;

/// The most forms taken off the end of one name, as in "Foo Co Ltd".
const MOST_AT_END: usize = 2;

/// The class that also covers a plain "company" and so says least about how a firm is incorporated.
const VAGUE: &str = "inc";

/// Spellings of legal forms and the class of each, sorted by spelling.
///
/// A spelling is written the way [`spelling`] joins words: without connectives, with single letters run
/// together. The forms come from the company laws of the countries that use them.
const FORMS: &[(&str, &str)] = &[
    ("ab", "ab"),
    ("ab oy", "oy"),
    ("ab publ", "ab"),
    ("ad", "ad"),
    ("ae", "ae"),
    ("ag", "ag"),
    ("ag co kg", "ag & co kg"),
    ("akciova spolecnost", "as"),
    ("akciova spolocnost", "as"),
    ("aksjeselskap", "as"),
    ("aktiebolag", "ab"),
    ("aktiengesellschaft", "ag"),
    ("aktieselskab", "as"),
    ("aktsiaselts", "as"),
    ("allmennaksjeselskap", "asa"),
    ("anonim sirketi", "as"),
    ("anpartsselskab", "aps"),
    ("ans", "ans"),
    ("aps", "aps"),
    ("as", "as"),
    ("asa", "asa"),
    ("asbl", "asbl"),
    ("berhad", "bhd"),
    ("besloten vennootschap", "bv"),
    ("bhd", "bhd"),
    ("bt", "bt"),
    ("bv", "bv"),
    ("bvba", "bv"),
    ("c sas", "sas"),
    ("c snc", "snc"),
    ("cia", "inc"),
    ("cia ltda", "ltda"),
    ("cic", "cic"),
    ("cie", "inc"),
    ("cjsc", "jsc"),
    ("co", "inc"),
    ("co inc", "inc"),
    ("co kg", "kg"),
    ("co limited", "limited"),
    ("co llc", "llc"),
    ("co ltd", "limited"),
    ("co ohg", "ohg"),
    ("commanditaire vennootschap", "cv"),
    ("company", "inc"),
    ("company inc", "inc"),
    ("company limited", "limited"),
    ("company ltd", "limited"),
    ("corp", "inc"),
    ("corporation", "inc"),
    ("cv", "cv"),
    ("cvba", "cvba"),
    ("dd", "dd"),
    ("doo", "doo"),
    ("dooel", "dooel"),
    ("drustvo s ogranicenom odgovornoscu", "doo"),
    ("druzba z omejeno odgovornostjo", "doo"),
    ("e cia", "inc"),
    ("ead", "ead"),
    ("ec sas", "sas"),
    ("ec snc", "snc"),
    ("eg", "eg"),
    ("ehf", "ehf"),
    ("eingetragene genossenschaft", "eg"),
    ("eingetragene kauffrau", "ek"),
    ("eingetragener kaufmann", "ek"),
    ("eingetragener verein", "ev"),
    ("eireli", "eireli"),
    ("eirl", "eirl"),
    ("ek", "ek"),
    ("ekfm", "ek"),
    ("ekfr", "ek"),
    ("eood", "eood"),
    ("epe", "epe"),
    ("eurl", "eurl"),
    ("ev", "ev"),
    ("fz llc", "llc"),
    ("fzc", "fze"),
    ("fzco", "fze"),
    ("fze", "fze"),
    ("gaec", "gaec"),
    ("gbr", "gbr"),
    ("ges mbh", "gmbh"),
    ("gesellschaft mbh", "gmbh"),
    ("gesellschaft mit beschraenkter haftung", "gmbh"),
    ("gesellschaft mit beschrankter haftung", "gmbh"),
    ("gesmbh", "gmbh"),
    ("gesmbh co kg", "gmbh & co kg"),
    ("ggmbh", "gmbh"),
    ("gie", "gie"),
    ("gk", "gk"),
    ("gmbh", "gmbh"),
    ("gmbh cie kg", "gmbh & co kg"),
    ("gmbh co", "gmbh & co kg"),
    ("gmbh co kg", "gmbh & co kg"),
    ("gmbh co kgaa", "gmbh & co kgaa"),
    ("gmbh co ohg", "gmbh & co ohg"),
    ("gmbh cokg", "gmbh & co kg"),
    ("godo kaisha", "gk"),
    ("handelsbolag", "hb"),
    ("hb", "hb"),
    ("hf", "hf"),
    ("ike", "ike"),
    ("inc", "inc"),
    ("incorporated", "inc"),
    ("joint stock company", "jsc"),
    ("jsc", "jsc"),
    ("kabushiki gaisha", "kk"),
    ("kabushiki kaisha", "kk"),
    ("kb", "kb"),
    ("kft", "kft"),
    ("kg", "kg"),
    ("kgaa", "kgaa"),
    ("kk", "kk"),
    ("kommanditbolag", "kb"),
    ("kommanditgesellschaft", "kg"),
    ("kommanditgesellschaft auf aktien", "kgaa"),
    ("korlatolt felelossegu tarsasag", "kft"),
    ("ks", "ks"),
    ("ky", "ky"),
    ("lda", "lda"),
    ("limitada", "ltda"),
    ("limited", "limited"),
    ("limited liability co", "llc"),
    ("limited liability company", "llc"),
    ("limited liability partnership", "llp"),
    ("limited partnership", "lp"),
    ("limited sirketi", "limited"),
    ("limitee", "limited"),
    ("llc", "llc"),
    ("lllp", "lp"),
    ("llp", "llp"),
    ("lp", "lp"),
    ("ltd", "limited"),
    ("ltd sti", "limited"),
    ("ltda", "ltda"),
    ("ltee", "limited"),
    ("mbh", "gmbh"),
    ("mbh co kg", "gmbh & co kg"),
    ("naamloze vennootschap", "nv"),
    ("nv", "nv"),
    ("nyrt", "nyrt"),
    ("oao", "jsc"),
    ("offene handelsgesellschaft", "ohg"),
    ("og", "og"),
    ("ohg", "ohg"),
    ("ojsc", "jsc"),
    ("ood", "ood"),
    ("ooo", "ooo"),
    ("osakeyhtio", "oy"),
    ("osauhing", "ou"),
    ("ou", "ou"),
    ("oy", "oy"),
    ("oy ab", "oy"),
    ("oyj", "oyj"),
    ("p limited", "limited"),
    ("p ltd", "limited"),
    ("pao", "jsc"),
    ("partg", "partg"),
    ("partg mbb", "partg"),
    ("partgmbb", "partg"),
    ("pc", "pc"),
    ("persero tbk", "pt"),
    ("pjsc", "jsc"),
    ("plc", "plc"),
    ("pllc", "llc"),
    ("private limited", "limited"),
    ("private ltd", "limited"),
    ("professional corporation", "pc"),
    ("proprietary limited", "limited"),
    ("pt", "pt"),
    ("pte", "pte ltd"),
    ("pte limited", "pte ltd"),
    ("pte ltd", "pte ltd"),
    ("pty", "limited"),
    ("pty limited", "limited"),
    ("pty ltd", "limited"),
    ("publ ab", "ab"),
    ("public limited company", "plc"),
    ("pvt limited", "limited"),
    ("pvt ltd", "limited"),
    ("s de rl", "srl"),
    ("s de rl de cv", "srl"),
    ("sa", "sa"),
    ("sa de cv", "sa"),
    ("sab de cv", "sa"),
    ("sae", "sae"),
    ("sagl", "sagl"),
    ("sal", "sa"),
    ("sapi de cv", "sa"),
    ("sarl", "sarl"),
    ("sas", "sas"),
    ("sasu", "sas"),
    ("sau", "sa"),
    ("sc", "sc"),
    ("sca", "sca"),
    ("scarl", "scarl"),
    ("sci", "sci"),
    ("scop", "scop"),
    ("scrl", "scarl"),
    ("scs", "scs"),
    ("sdn bhd", "bhd"),
    ("se", "se"),
    ("sendirian berhad", "bhd"),
    ("sia", "sia"),
    ("sl", "sl"),
    ("sll", "sl"),
    ("slu", "sl"),
    ("snc", "snc"),
    ("sociedad anonima", "sa"),
    ("sociedad anonima de capital variable", "sa"),
    ("sociedad de responsabilidad limitada", "srl"),
    ("sociedad limitada", "sl"),
    ("sociedad limitada unipersonal", "sl"),
    ("sociedade anonima", "sa"),
    ("sociedade unipessoal lda", "lda"),
    ("societa a responsabilita limitata", "srl"),
    ("societa per azioni", "spa"),
    ("societas europaea", "se"),
    ("societe a responsabilite limitee", "sarl"),
    ("societe anonyme", "sa"),
    ("societe par actions simplifiee", "sas"),
    ("sp j", "sp j"),
    ("sp k", "sp k"),
    ("sp z oo", "sp zoo"),
    ("sp z oo sp k", "sp zoo sp k"),
    ("sp z oo spk", "sp zoo sp k"),
    ("sp zoo", "sp zoo"),
    ("sp zoo sp k", "sp zoo sp k"),
    ("sp zoo spk", "sp zoo sp k"),
    ("spa", "spa"),
    ("spj", "sp j"),
    ("spk", "sp k"),
    ("spol sro", "sro"),
    ("spolecnost s rucenim omezenym", "sro"),
    ("spolka akcyjna", "sa"),
    ("spolka jawna", "sp j"),
    ("spolka komandytowa", "sp k"),
    ("spolka z ograniczona odpowiedzialnoscia", "sp zoo"),
    ("spolka z oo", "sp zoo"),
    ("spolka zoo", "sp zoo"),
    ("spolocnost s rucenim obmedzenym", "sro"),
    ("sprl", "srl"),
    ("sprlu", "srl"),
    ("spzoo", "sp zoo"),
    ("srl", "srl"),
    ("srls", "srl"),
    ("sro", "sro"),
    ("tbk", "pt"),
    ("uab", "uab"),
    ("ug", "ug"),
    ("ug haftungsbeschraenkt", "ug"),
    ("ug haftungsbeschrankt", "ug"),
    ("ulc", "ulc"),
    ("unipessoal lda", "lda"),
    ("unternehmergesellschaft", "ug"),
    ("unternehmergesellschaft haftungsbeschraenkt", "ug"),
    ("unternehmergesellschaft haftungsbeschrankt", "ug"),
    ("vennootschap onder firma", "vof"),
    ("vof", "vof"),
    ("vos", "vos"),
    ("vzw", "asbl"),
    ("wll", "wll"),
    ("y cia", "inc"),
    ("y cia ltda", "ltda"),
    ("zao", "jsc"),
    ("zrt", "zrt"),
];

/// The forms that are written before the name in their own country, sorted. Each is a single word, so that
/// the initials of "A. S. Watson" are left alone.
const FRONT: &[&str] =
    &["ab", "as", "eurl", "gaec", "oao", "ooo", "oy", "pao", "pt", "sarl", "sc", "sia", "uab", "zao"];

/// Words that may stand inside or before a legal form without changing it.
const CONNECTIVES: &[&str] = &["&", "and", "et", "und"];

/// Takes the legal form off a company's name and returns its class, such as `"gmbh"` or `"limited"`.
///
/// `tokens` are the words of the name in ASCII lower case, without punctuation inside a word. Up to two
/// forms are taken off the end ("Foo Co Ltd") and one off the front, the latter only where that is the
/// custom ("AB Volvo"). A front "SC" goes only with an "SRL" or "SA" at the end, which is how Romanian
/// companies write it.
///
/// With several forms the outermost one at the end gives the class, then the inner one, then the one in
/// front. The class `"inc"` yields to any other, since it also stands for a plain "company". A name that is
/// nothing but a legal form is left as it is, and at least one word always remains.
pub fn strip(tokens: &mut Vec<String>) -> Option<&'static str> {
    if class_of(tokens).is_some() {
        return None;
    }
    strip_phrase(tokens);
    let mut found: Vec<_> = (0..MOST_AT_END).map_while(|_| strip_end(tokens)).collect();
    found.extend(strip_front(tokens, &found));
    found.into_iter().reduce(|first, next| if first == VAGUE { next } else { first })
}

/// Whether a word is a legal form by itself.
pub fn is_form(word: &str) -> bool {
    word.len() > 1 && class_of(&[word.to_owned()]).is_some()
}

/// Takes the longest form off the end that leaves at least one word.
fn strip_end(tokens: &mut Vec<String>) -> Option<&'static str> {
    let first = tokens.len().saturating_sub(LONGEST).max(1);
    let (start, class) =
        (first..tokens.len()).find_map(|start| Some((start, class_of(tokens.get(start..)?)?)))?;
    tokens.truncate(start);
    Some(class)
}

/// Forms of several words that stand in front, the longer ones first.
const PHRASES: &[&str] = &[
    "cong ty co phan",
    "cong ty tnhh mtv",
    "cong ty tnhh",
    "cong ty cp",
    "cty tnhh",
    "cty cp",
    "cong ty",
    "cty",
];

/// Takes a form of several words off the front.
fn strip_phrase(tokens: &mut Vec<String>) {
    let begins =
        |phrase: &&&str| tokens.iter().map(String::as_str).zip(phrase.split(' ')).all(|(a, b)| a == b);
    let length = |phrase: &&str| phrase.split(' ').count();
    if let Some(phrase) = PHRASES.iter().filter(|phrase| length(phrase) < tokens.len()).find(begins) {
        tokens.drain(..length(phrase));
    }
}

/// Takes a form off the front, given the classes already found at the end.
fn strip_front(tokens: &mut Vec<String>, at_end: &[&str]) -> Option<&'static str> {
    let word = tokens.first().filter(|_| tokens.len() > 1)?;
    FRONT.binary_search(&word.as_str()).ok()?;
    if word == "sc" && !at_end.iter().any(|class| matches!(*class, "sa" | "srl")) {
        return None;
    }
    let class = class_of(tokens.get(..1)?)?;
    tokens.remove(0);
    Some(class)
}

/// The class of the form that these words spell, all of them together.
fn class_of(words: &[String]) -> Option<&'static str> {
    let spelling = spelling(words);
    let index = FORMS.binary_search_by(|(form, _)| (*form).cmp(&spelling)).ok()?;
    FORMS.get(index).map(|(_, class)| *class)
}

/// Joins words into the spelling used by the table: connectives left out, neighbouring single letters run
/// together, everything else set apart by a space.
fn spelling(words: &[String]) -> String {
    let mut joined = String::new();
    let mut after_letter = false;
    for word in words.iter().filter(|word| !CONNECTIVES.contains(&word.as_str())) {
        let letter = word.len() == 1;
        let apart = !(letter && after_letter);
        if apart && !joined.is_empty() {
            joined.push(' ');
        }
        joined.push_str(word);
        after_letter = letter;
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stripped(name: &str) -> (String, Option<&'static str>) {
        let mut tokens: Vec<_> = name.split(' ').map(str::to_owned).collect();
        let class = strip(&mut tokens);
        (tokens.join(" "), class)
    }

    fn assert_stripped(name: &str, rest: &str, class: &'static str) {
        assert_eq!(stripped(name), (rest.to_owned(), Some(class)), "{name}");
    }

    fn assert_untouched(name: &str) {
        assert_eq!(stripped(name), (name.to_owned(), None));
    }

    #[test]
    fn the_tables_are_sorted_and_unique() {
        assert!(FORMS.is_sorted_by(|a, b| a.0 < b.0));
        assert!(FRONT.is_sorted_by(|a, b| a < b));
        assert!(CONNECTIVES.is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn every_spelling_in_the_table_is_one_that_joined_words_can_produce() {
        for (form, class) in FORMS {
            let words: Vec<_> = form.split(' ').map(str::to_owned).collect();
            assert!(words.len() <= LONGEST);
            assert_eq!(class_of(&words), Some(*class), "{form}");
        }
    }

    #[test]
    fn every_form_in_front_is_also_in_the_table_of_forms() {
        for form in FRONT {
            assert!(class_of(&[(*form).to_owned()]).is_some(), "{form}");
        }
    }

    #[test]
    fn a_form_of_one_word_comes_off_the_end() {
        assert_stripped("acme gmbh", "acme", "gmbh");
        assert_stripped("acme limited", "acme", "limited");
        assert_stripped("acme corporation", "acme", "inc");
        assert_stripped("enel spa", "enel", "spa");
        assert_stripped("maersk aps", "maersk", "aps");
    }

    #[test]
    fn a_form_of_several_words_comes_off_as_one() {
        assert_stripped("muster gmbh co kg", "muster", "gmbh & co kg");
        assert_stripped("muster gmbh und co kg", "muster", "gmbh & co kg");
        assert_stripped("acme pty ltd", "acme", "limited");
        assert_stripped("acme pte ltd", "acme", "pte ltd");
        assert_stripped("acme sdn bhd", "acme", "bhd");
        assert_stripped("cemex sab de cv", "cemex", "sa");
    }

    #[test]
    fn letters_spelled_apart_count_as_the_form_they_spell() {
        assert_stripped("danone s a", "danone", "sa");
        assert_stripped("dupont s a s", "dupont", "sas");
        assert_stripped("muster e k", "muster", "ek");
        assert_stripped("orlen sp z o o", "orlen", "sp zoo");
        assert_stripped("firma spol s r o", "firma", "sro");
        assert_stripped("grupo s de r l de c v", "grupo", "srl");
        assert_stripped("muster g m b h", "muster", "gmbh");
    }

    #[test]
    fn a_connective_goes_with_the_form_that_follows_it() {
        assert_stripped("tiffany and co", "tiffany", "inc");
        assert_stripped("dupont et cie", "dupont", "inc");
        assert_stripped("garcia y cia", "garcia", "inc");
        assert_stripped("rossi e c snc", "rossi", "snc");
    }

    #[test]
    fn a_form_is_taken_off_the_front_only_where_that_is_the_custom() {
        assert_stripped("ab volvo", "volvo", "ab");
        assert_stripped("sarl dupont", "dupont", "sarl");
        assert_stripped("ooo romashka", "romashka", "ooo");
        assert_untouched("gmbh muster");
        assert_untouched("co operative bank");
        assert_untouched("stichting ikea");
    }

    #[test]
    fn initials_in_front_are_not_a_form() {
        assert_untouched("a s watson");
        assert_untouched("sc johnson");
    }

    #[test]
    fn a_romanian_sc_goes_with_the_form_at_the_end() {
        assert_stripped("sc dedeman srl", "dedeman", "srl");
    }

    #[test]
    fn forms_at_both_ends_give_the_class_at_the_end() {
        assert_stripped("pt astra international tbk", "astra international", "pt");
        assert_stripped("oy foo ab", "foo", "ab");
    }

    #[test]
    fn two_forms_at_the_end_give_the_more_specific_class() {
        assert_stripped("foo co ltd", "foo", "limited");
        assert_stripped("foo ltd co", "foo", "limited");
        assert_stripped("foo gmbh corp", "foo", "gmbh");
        assert_stripped("foo kg ltd", "foo", "limited");
    }

    #[test]
    fn at_most_two_forms_come_off_the_end() {
        assert_stripped("foo nv gmbh plc", "foo nv", "plc");
    }

    #[test]
    fn a_name_that_is_nothing_but_a_form_stays() {
        assert_untouched("gmbh");
        assert_untouched("gmbh co kg");
        assert_untouched("s a");
        assert_untouched("company");
    }

    #[test]
    fn at_least_one_word_always_remains() {
        assert_stripped("ab ltd", "ab", "limited");
        assert_stripped("nv kg plc", "nv", "plc");
        assert_eq!(strip(&mut Vec::new()), None);
    }

    #[test]
    fn a_name_without_a_form_is_left_alone() {
        assert_untouched("deutsche bahn");
        assert_untouched("sons and daughters");
    }
}

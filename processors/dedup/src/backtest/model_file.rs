//! What the columns of a file mean: MODEL.toml.

use contract::Failure;
use linkage::field::{Field, Kind};
use linkage::model::MOST_COMPARISONS;
use linkage::reader::Reader;
use serde::Deserialize;

/// A file's columns.
#[derive(Debug)]
pub struct ModelFile {
    /// The column that names a record.
    pub id: String,
    /// What parts columns.
    pub delimiter: u8,
    /// What is compared.
    pub fields: Vec<Field>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    id: String,
    delimiter: Option<String>,
    #[serde(default)]
    field: Vec<WrittenField>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenField {
    column: Option<String>,
    columns: Option<Vec<String>>,
    kind: Kind,
}

impl ModelFile {
    /// Reads MODEL.toml.
    ///
    /// # Errors
    /// What is wrong with it, and what to write.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        let written: Written =
            toml::from_str(text).map_err(|error| Failure::permanent(format!("the model: {error}")))?;
        let delimiter = match written.delimiter.as_deref().unwrap_or(",").as_bytes() {
            [byte] => *byte,
            _ => return Err(Failure::permanent("the model: delimiter is one character, such as \";\"")),
        };
        let mut fields = Vec::new();
        for (i, field) in written.field.into_iter().enumerate() {
            let columns = match (field.column, field.columns) {
                (Some(column), None) => vec![column],
                (None, Some(columns)) if !columns.is_empty() => columns,
                _ => {
                    let what = "needs either `column` or `columns`";
                    return Err(Failure::permanent(format!("the model: field {} {what}", i + 1)));
                }
            };
            fields.push(Field { columns, kind: field.kind });
        }
        if fields.is_empty() {
            return Err(Failure::permanent("the model: there is no [[field]], so nothing can be compared"));
        }
        let comparisons = Reader::new(&fields).comparisons().len();
        if comparisons > MOST_COMPARISONS {
            let most = format!("it makes {comparisons} comparisons, and {MOST_COMPARISONS} are the most");
            return Err(Failure::permanent(format!("the model: {most}: leave out what says least")));
        }
        Ok(Self { id: written.id, delimiter, fields })
    }

    /// All columns, in the order in which a row's values stand.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().flat_map(|field| field.columns.iter().map(String::as_str))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_names_columns_and_what_they_mean() {
        let text = "id = \"rec\"\ndelimiter = \";\"\n[[field]]\ncolumn = \"n\"\nkind = \"name\"\n\
                    [[field]]\ncolumns = [\"tel\", \"mob\"]\nkind = \"phone\"\n";
        let model = ModelFile::parse(text).unwrap();
        assert_eq!((model.id.as_str(), model.delimiter), ("rec", b';'));
        assert_eq!(model.columns().collect::<Vec<_>>(), ["n", "tel", "mob"]);
    }

    #[test]
    fn what_is_wrong_is_said() {
        let wrong = |text: &str| ModelFile::parse(text).unwrap_err().to_string();
        assert!(wrong("id = \"a\"").contains("no [[field]]"));
        assert!(wrong("id = \"a\"\n[[field]]\nkind = \"name\"").contains("`column` or `columns`"));
        assert!(wrong("id = \"a\"\n[[field]]\ncolumn = \"b\"\nkind = \"shoe\"").contains("shoe"));
    }
}

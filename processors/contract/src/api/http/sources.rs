//! The sources of the configuration, as handlers see them.

use std::sync::Arc;

use super::Problem;
use crate::api::Results;

/// The state of all handlers: where the results of each source are.
pub struct Sources<R: ?Sized = dyn Results>(Arc<[Arc<R>]>);

impl<R: Results + ?Sized> Sources<R> {
    /// Those of a configuration.
    pub fn new(sources: impl IntoIterator<Item = Arc<R>>) -> Self {
        Self(sources.into_iter().collect())
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &R> {
        self.0.iter().map(|source| &**source)
    }

    /// The source with this name; without one, the only source.
    ///
    /// # Errors
    /// No such source, or several where none was named.
    pub fn get(&self, name: Option<&str>) -> Result<&R, Problem> {
        let names = || {
            let names: Vec<_> = self.0.iter().map(|source| source.source().name.as_str()).collect();
            names.join(", ")
        };
        match (name, &*self.0) {
            (None, [source]) => Ok(source),
            (None, _) => Err(Problem::bad_request(format!(
                "there are several sources: name one with ?source=; there are: {}",
                names()
            ))),
            (Some(name), sources) => {
                let found = sources.iter().find(|source| source.source().name == name);
                found.map(|found| &**found).ok_or_else(|| {
                    Problem::not_found(format!("there is no source `{name}`; there are: {}", names()))
                })
            }
        }
    }
}

impl<R: Results + 'static> Sources<R> {
    /// The same sources, as processors see them.
    pub fn for_processors(&self) -> Sources {
        Sources::new(self.0.iter().map(|source| Arc::clone(source) as Arc<dyn Results>))
    }
}

impl<R: ?Sized> Clone for Sources<R> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

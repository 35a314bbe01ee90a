//! Events: what became true, and what others build on.

use serde::Serialize;

/// Something that became true. The type is the contract with whoever consumes the result topic: its name, what it is about, and,
/// through serde, its data.
pub trait Event: Serialize {
    /// What happened: `exposure_changed`. It becomes the header `ce_type`.
    const TYPE: &'static str;

    /// The version of its data's shape: raised where a consumer of the one before would not understand it. Further fields need
    /// no other version.
    const VERSION: i32 = 1;

    /// What it is about. Order holds per subject.
    fn subject(&self) -> Subject;
}

/// What an event is about: its key in the result topic is `<source>/<company>/<entity>`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subject {
    company: i32,
    entity: String,
}

impl Subject {
    /// An entity of a root company, as a natural key: `partner-17`.
    pub fn in_company(company: i32, entity: impl Into<String>) -> Self {
        Self { company, entity: entity.into() }
    }

    /// An entity that belongs to no company alone: `group-3`. Its key has a 0 instead of a company.
    pub fn in_source(entity: impl Into<String>) -> Self {
        Self::in_company(0, entity)
    }

    /// The key in the result topic.
    pub fn key(&self, source: &str) -> String {
        format!("{source}/{}/{}", self.company, self.entity)
    }
}

/// The declaration of an [`Event`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventType {
    /// [`Event::TYPE`].
    pub name: &'static str,
    /// [`Event::VERSION`].
    pub version: i32,
}

impl EventType {
    /// That of `E`.
    pub const fn of<E: Event>() -> Self {
        Self { name: E::TYPE, version: E::VERSION }
    }
}

/// Declares all events of a processor, one line each: its type's name, the version of its data's shape where that is not 1, its
/// struct, and what it is about. It implements [`Event`]
/// for each and gives the list for [`Processor::EVENTS`](crate::Processor::EVENTS).
///
/// ```
/// use contract::Subject;
///
/// contract::events! {
///     /// All that is emitted.
///     pub const EVENTS;
///
///     "delivery_postponed" version 2: Postponed<'_>, |event| Subject::in_source(format!("delivery-{}", event.delivery));
/// }
///
/// /// A delivery waits.
/// #[derive(serde::Serialize)]
/// pub struct Postponed<'a> {
///     delivery: i32,
///     why: &'a str,
/// }
/// assert_eq!((EVENTS[0].name, EVENTS[0].version), ("delivery_postponed", 2));
/// ```
#[macro_export]
macro_rules! events {
    (
        $(#[$doc:meta])*
        pub const $events:ident;

        $($name:literal $(version $version:literal)?: $event:ty, |$this:ident| $subject:expr;)+
    ) => {
        $(#[$doc])*
        pub const $events: &[$crate::EventType] = &[$($crate::EventType::of::<$event>(),)+];

        $(impl $crate::Event for $event {
            const TYPE: &'static str = $name;
            $(const VERSION: i32 = $version;)?

            fn subject(&self) -> $crate::Subject {
                let $this = self;
                $subject
            }
        })+
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_belongs_to_no_company_has_a_key_all_the_same() {
        assert_eq!(Subject::in_company(1, "partner-7").key("odoo"), "odoo/1/partner-7");
        assert_eq!(Subject::in_source("group-3").key("odoo"), "odoo/0/group-3");
    }
}

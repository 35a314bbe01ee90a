//! What went wrong, as RFC 9457 has it: `application/problem+json`.

use std::error::Error;

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::Failure;
use crate::log::Seldom;

/// What is wrong is told to everybody who asks, and now and then in the log.
static UNANSWERED: Seldom = Seldom::new();

/// A problem. `detail` says what to do.
#[derive(Debug, Serialize, ToSchema)]
pub struct Problem {
    /// In a few words.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// In sentences, with what to do.
    detail: String,
}

impl Problem {
    fn new(status: StatusCode, title: &'static str, detail: impl Into<String>) -> Self {
        Self { title, status: status.as_u16(), detail: detail.into() }
    }

    /// 400: what was asked cannot be understood.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "this cannot be understood", detail)
    }

    /// 401: whoever asks has to say who it is.
    pub fn unauthorized(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "a token is needed", detail)
    }

    /// 403: whoever asks may not.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "another role is needed", detail)
    }

    /// 404: there is no such thing.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not found", detail)
    }

    /// 405: the path takes another method.
    pub fn method_not_allowed() -> Self {
        let detail = "this path takes another method; GET /api/v1/openapi.json says which";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "another method is needed", detail)
    }

    /// 408: what was sent came too slowly.
    pub fn too_slow(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "this takes too long", detail)
    }

    /// 409: it contradicts what was said before.
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "this was said otherwise before", detail)
    }

    /// 413: more was sent than is read.
    pub fn too_large(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "this is too large", detail)
    }

    /// 415: what was sent is not JSON, or does not say so.
    pub fn unsupported_media_type() -> Self {
        let detail = "send JSON, with `Content-Type: application/json`";
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "this is no JSON", detail)
    }

    /// 503: it may work later.
    pub fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "not available now", detail)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(&self)).into_response();
        let kind = header::HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        let more = match status {
            StatusCode::UNAUTHORIZED => Some((header::WWW_AUTHENTICATE, "Bearer")),
            StatusCode::SERVICE_UNAVAILABLE => Some((header::RETRY_AFTER, "1")),
            _ => None,
        };
        if let Some((name, value)) = more {
            response.headers_mut().insert(name, header::HeaderValue::from_static(value));
        }
        response
    }
}

impl From<sqlx::Error> for Problem {
    fn from(error: sqlx::Error) -> Self {
        Failure::from(error).into()
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        // Class 22, data exception: a value that was asked for cannot be one of the column's.
        let error = failure.source().and_then(|source| source.downcast_ref::<sqlx::Error>());
        let code = error.and_then(sqlx::Error::as_database_error).and_then(sqlx::error::DatabaseError::code);
        if code.is_some_and(|code| code.starts_with("22")) {
            return Self::bad_request("a value is out of range, or holds a NUL");
        }
        match failure {
            Failure::Permanent(why) => {
                if let Some(left_out) = UNANSWERED.may_say() {
                    tracing::warn!(failure = %why, left_out, "a request could not be answered");
                }
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "this needs an operator", why.to_string())
            }
            // The tasks tell of the outage, once.
            passing => Self::unavailable(format!("{passing}. Try again")),
        }
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Self {
        Self::bad_request(rejection.body_text())
    }
}

impl From<PathRejection> for Problem {
    fn from(rejection: PathRejection) -> Self {
        Self::bad_request(rejection.body_text())
    }
}

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Self {
        match rejection {
            JsonRejection::MissingJsonContentType(_) => Self::unsupported_media_type(),
            other => Self::bad_request(other.body_text()),
        }
    }
}

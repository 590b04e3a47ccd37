//! Errors -> the fields of JavaScript's errors. Used by [`super::controller`] and [`super::agents`].

use std::io;

use serde_json::{Value, json};

use super::super::deliver;
use crate::engine::error::Error as EngineError;
use crate::engine::panics;
use crate::protocols::pixivutil2::agent::Error;
use crate::protocols::zmtp::{self, Endpoint};

/// An endpoint, or the fields of an error that names the option.
pub fn endpoint(text: &str, option: &str) -> Result<Endpoint, Value> {
    Endpoint::parse(text).map_err(|error| invalid(option, &error.to_string()))
}

fn invalid(option: &str, why: &str) -> Value {
    json!({ "code": "ERR_INVALID_ARG_VALUE", "message": format!("The \"{option}\" argument is not valid: {why}") })
}

/// For a task that panicked.
pub fn of_panic() -> Value {
    deliver::error(&panics::error("request"))
}

/// For a socket that could not be bound; `option` names it.
pub fn of_binding(error: io::Error, option: &str) -> Value {
    match error.downcast::<EngineError>() {
        Ok(error) => deliver::error(&error),
        Err(error) => match error.downcast::<zmtp::Error>() {
            Ok(error) => invalid(option, &error.to_string()),
            Err(error) => deliver::error(&EngineError::new("listen", error, None)),
        },
    }
}

/// For an error of an agent.
pub fn of_agent(error: &Error) -> Value {
    let (code, endpoint) = match error {
        Error::Timeout(endpoint, _) => ("ETIMEDOUT", Some(endpoint)),
        Error::Refused(endpoint, _) => ("ERR_PIXIVUTIL2_REFUSED", Some(endpoint)),
        Error::Lost(endpoint) => ("ECONNRESET", Some(endpoint)),
        Error::Closed => ("ERR_PIXIVUTIL2_CLOSED", None),
        Error::Unusable(_) => ("ERR_INVALID_ARG_VALUE", None),
    };
    let address = endpoint.map(Endpoint::to_string);
    json!({ "code": code, "message": error.to_string(), "address": address })
}

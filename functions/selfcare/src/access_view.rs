//! An access as its holder sees it; shared by the list and the statistics.

use schemars::JsonSchema;
use serde::Serialize;
use sportello_runtime::access_history::Details;

/// Who asked for an access.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServiceProvider {
    /// Its entity id.
    entity_id: String,
    /// Its name.
    name: String,
}

impl From<Details> for ServiceProvider {
    fn from(details: Details) -> Self {
        Self { entity_id: details.entity_id, name: details.name }
    }
}

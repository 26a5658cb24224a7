//! A service as its customer sees it (rules 59-64).

use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;
use sportello_rules::identity::{IdentityType, Status};
use sportello_rules::service::{
    Action, Credential, CredentialKind, ExpiryFlag, Level, Refusal, RenewalTerms, actions, credential_renewal, expiry_flag, renewal_terms,
};
use sportello_runtime::Cx;
use sportello_runtime::ordering::facts;
use sportello_store::record::ServiceRecord;

/// A service.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Service {
    /// Public id.
    service_id: String,
    /// Type of the identity.
    #[schemars(with = "String", extend("enum" = ["personal", "minor", "professional", "business"]))]
    r#type: IdentityType,
    /// Status of the identity.
    #[schemars(with = "String", extend("enum" = ["to-activate", "active", "suspended", "revoked"]))]
    status: Status,
    /// What was bought.
    offer: String,
    /// Order by which it was bought.
    order_id: String,
    /// When the contract was made.
    #[schemars(with = "String", extend("format" = "date-time"))]
    contract_at: Timestamp,
    /// When the service was cancelled.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    cancelled_at: Option<Timestamp>,
    /// Last day of the identity; none while it is to be activated.
    expiry: Option<Expiry>,
    /// How it renews.
    #[schemars(with = "String", extend("enum" = ["free-automatic", "automatic-on", "automatic-off"]))]
    renewal: RenewalTerms,
    /// Credentials bought, each with its own expiry.
    credentials: Vec<CredentialOutput>,
    /// Address of the selfcare.
    selfcare_url: String,
    /// Every action, and why it is not possible now where it is not.
    actions: Vec<ActionOutput>,
}

/// A last day and whether it is flagged.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Expiry {
    /// The last day.
    #[schemars(with = "String", extend("format" = "date"))]
    on: Date,
    /// Flagged from three months before, and still after it has passed (rule 60).
    #[schemars(with = "String", extend("enum" = ["none", "expiring", "expired"]))]
    flag: ExpiryFlag,
}

/// A credential bought.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CredentialOutput {
    /// Level that it makes.
    #[schemars(with = "String", extend("enum" = ["l1", "l2", "l3"]))]
    level: Level,
    /// What it is.
    #[schemars(with = "String")]
    kind: CredentialKind,
    /// Its last day, where it has one.
    expiry: Option<Expiry>,
    /// Whether this credential can be renewed now, and why not (rule 60).
    renew: Possible,
}

/// Whether something is possible now.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Possible {
    /// Whether it is.
    possible: bool,
    /// Why it is not, by stable code.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    reason: Option<Refusal>,
}

/// An action.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ActionOutput {
    /// Which.
    #[schemars(with = "String")]
    action: Action,
    /// Whether it is possible now.
    possible: bool,
    /// Why it is not, by stable code.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    reason: Option<Refusal>,
}

/// The view of a service at the instant of the request.
pub fn view(cx: &Cx, service: ServiceRecord) -> Service {
    let expiry = |day: Date| Expiry { on: day, flag: expiry_flag(day, cx.now, &cx.policy().service) };
    let facts = facts(&service);
    let actions = actions(&facts, cx.now, cx.policy());
    Service {
        r#type: service.kind,
        status: service.status,
        contract_at: service.contract_at,
        cancelled_at: service.cancelled_at,
        expiry: service.expires_on.map(expiry),
        renewal: renewal_terms(service.kind, service.auto_renewal),
        credentials: service
            .credentials
            .iter()
            .map(|c| {
                let refused = credential_renewal(&facts, &Credential::new(c.kind, c.expires_on), cx.now, &cx.policy().service).err();
                let renew = Possible { possible: refused.is_none(), reason: refused };
                CredentialOutput { level: c.kind.level(), kind: c.kind, expiry: c.expires_on.map(expiry), renew }
            })
            .collect(),
        selfcare_url: cx.app.addresses.selfcare.clone(),
        actions: actions.into_iter().map(|state| ActionOutput { action: state.action, possible: state.refused.is_none(), reason: state.refused }).collect(),
        service_id: service.service_id,
        offer: service.offer,
        order_id: service.order_id,
    }
}

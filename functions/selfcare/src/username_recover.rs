//! POST /v1/selfcare/username-recoveries: reminds of a username by mail to the contact on file; the answer never tells (rule 25).

use schemars::JsonSchema;
use serde::Deserialize;
use sportello_contract::hex::hex;
use sportello_contract::problem::{Code, Problem};
use sportello_contract::spec::{Action, Limit, Spec, Table, grant};
use sportello_notify::EmailAddress;
use sportello_rules::account::is_vat_number;
use sportello_rules::fiscal_code::FiscalCode;
use sportello_runtime::access::Anyone;
use sportello_runtime::clock::DAY;
use sportello_runtime::{Cx, Failure, Operation, Reply, lookup, reminder, throttle};
use sportello_store::commit::Commit;
use sportello_store::key::OwnerKind;

use crate::person::Type;

/// Reminds of a username.
pub struct UsernameRecover;

/// Input of the operation: one of the two codes, with the type.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// Fiscal code of the holder.
    #[serde(default)]
    #[schemars(length(min = 11, max = 16))]
    fiscal_code: Option<String>,
    /// VAT number, of a Professional or Business identity: eleven digits, the last of which checks the others.
    #[serde(default)]
    #[schemars(length(min = 11, max = 11))]
    vat_number: Option<String>,
    /// E-mail address on file.
    #[schemars(length(min = 3, max = 254))]
    email: String,
    /// Type of the identity.
    r#type: Type,
}


impl Operation for UsernameRecover {
    const SPEC: Spec = Spec::post("selfcare.username.recover", "/v1/selfcare/username-recoveries")
        .summary("Ask for the username by mail to the contact on file; the answer is always the same")
        .nothing()
        .limit(Limit::GUARDED)
        .charges()
        .idempotent()
        .grants(&[grant(Table::Lookups, Action::GetItem), grant(Table::Outbox, Action::PutItem)])
        .problems(&[Code::PersonRefused]);
    type Auth = Anyone;
    type Input = Input;
    type Output = ();

    async fn handle(cx: &Cx, (): (), input: Input) -> Result<Reply<()>, Failure> {
        let kind = input.r#type.into();
        let refused = |field: &'static str| Failure::from(Problem::from(Code::PersonRefused).field(field));
        let key = match (&input.fiscal_code, &input.vat_number) {
            (Some(code), None) => lookup::by_fiscal_code(cx.keys(), &FiscalCode::parse(code).map_err(|_| refused("fiscalCode"))?, kind),
            (None, Some(number)) if is_vat_number(number) => lookup::by_vat_number(cx.keys(), number, kind),
            (None, Some(_)) => return Err(refused("vatNumber")),
            _ => return Err(refused("fiscalCode")),
        };
        let email = EmailAddress::parse(&input.email).map_err(|_| refused("email"))?;
        throttle::charge_address(cx).await?;
        // From here on everybody's request does the same: whether it is answered by mail is found where mail is delivered.
        let owner = cx.store.person(&key).await?.unwrap_or_else(|| lookup::nobody(cx.keys(), OwnerKind::Holder, &key));
        // By the address that was given too: who asks with another one uses up nothing of the holder's.
        let given = cx.keys().keyed_hash(&[b"reminder", input.email.trim().to_lowercase().as_bytes()]);
        let given = hex(given.into_iter().take(8));
        let asked = cx.store.count(&format!("username#{key}#{given}"), DAY, cx.now).await?;
        // One reminder too many is written all the same, and goes to nobody.
        let owner = if asked.number <= cx.policy().recovery.reminders_per_day { owner } else { lookup::nobody(cx.keys(), OwnerKind::Holder, &key) };
        let notice = reminder::notice(cx, &owner, &email)?;
        let mut commit = Commit::new();
        commit.notice(&format!("{}#{key}#{given}#{}#{}", notice.kind(), asked.window, asked.number), &owner, notice.to_json()?, cx.now, Code::ChangedMeanwhile);
        Ok(Reply::after(commit, ()))
    }
}

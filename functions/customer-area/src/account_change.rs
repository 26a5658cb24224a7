//! PUT /v1/customer/account: the customer changes name, language and what stands on invoices; tells by mail (rules 59, 65).

use schemars::JsonSchema;
use serde::Deserialize;
use sportello_contract::problem::{Code, Language};
use sportello_contract::spec::{Action, Limit, Spec, Table, grant};
use sportello_notify::Notice;
use sportello_runtime::access::{Customer, CustomerActor};
use sportello_runtime::profile::Profile;
use sportello_runtime::residence::Residence;
use sportello_runtime::{Cx, Failure, Operation, Reply};
use sportello_store::commit::Commit;
use sportello_store::record::SealedProfile;

use crate::account_data::{LONGEST, LONGEST_COMPANY, company, fiscal_code, name, vat_number};

/// Changes the account's data.
pub struct AccountChange;

/// Input of the operation: all of it, as it is to be. What is left out is taken away.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// Given name.
    #[schemars(length(min = 1, max = LONGEST))]
    given_name: String,
    /// Family name.
    #[schemars(length(min = 1, max = LONGEST))]
    family_name: String,
    /// Language of mails and invoices.
    language: Language,
    /// Company that buys, on invoices.
    #[serde(default)]
    #[schemars(length(min = 1, max = LONGEST_COMPANY))]
    company_name: Option<String>,
    /// Fiscal code, on invoices: sixteen characters, or the eleven digits of a company.
    #[serde(default)]
    #[schemars(length(min = 11, max = 16))]
    fiscal_code: Option<String>,
    /// VAT number, on invoices: eleven digits.
    #[serde(default)]
    #[schemars(length(min = 11, max = 11))]
    vat_number: Option<String>,
    /// Address, on invoices.
    #[serde(default)]
    address: Option<Residence>,
}

impl Operation for AccountChange {
    const SPEC: Spec = Spec::put("customer.account.change", "/v1/customer/account")
        .summary("Change name, language and what stands on invoices; tells by mail")
        .limit(Limit::ORDINARY)
        .grants(&[grant(Table::Orders, Action::UpdateItem), grant(Table::Orders, Action::PutItem), grant(Table::Outbox, Action::PutItem)])
        .problems(&[Code::AccountRefused, Code::ResidenceRefused, Code::ChangedMeanwhile]);
    type Auth = Customer;
    type Input = Input;
    type Output = ();

    async fn handle(cx: &Cx, customer: CustomerActor, input: Input) -> Result<Reply<()>, Failure> {
        let (owner, records) = (&customer.owner, &customer.records);
        let before = Profile::open(cx, owner, &records.profile)?;
        let profile = Profile {
            given_name: name(&input.given_name, "givenName")?,
            family_name: name(&input.family_name, "familyName")?,
            company_name: input.company_name.as_deref().map(company).transpose()?,
            fiscal_code: input.fiscal_code.as_deref().map(fiscal_code).transpose()?,
            vat_number: input.vat_number.as_deref().map(vat_number).transpose()?,
            residence: input.address.map(Residence::checked).transpose().map_err(within_address)?,
            ..before
        };
        let key = cx.keys().data_key(owner, &records.profile.data_key)?;
        let sealed = profile.seal(&key, owner, cx.entropy())?;
        let mut commit = Commit::new();
        commit.put_profile(owner, &SealedProfile { sealed, language: input.language, ..records.profile.clone() });
        let update = Commit::auth(owner).version(records.account.version).same_epoch(records.account.epoch);
        commit.update_auth(update, Code::ChangedMeanwhile);
        let notice = Notice::AccountDataChanged { at: cx.now };
        let id = format!("{}#{}#{}", notice.kind(), owner.pk(), records.account.version);
        commit.notice(&id, owner, notice.to_json()?, cx.now, Code::ChangedMeanwhile);
        Ok(Reply::after(commit, ()))
    }
}

/// A field of the address by its whole name.
fn within_address(mut problem: sportello_contract::problem::Problem) -> sportello_contract::problem::Problem {
    problem.field = problem.field.map(|field| format!("address.{field}"));
    problem
}

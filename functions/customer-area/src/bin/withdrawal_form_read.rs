//! The Lambda function of `customer.withdrawal-form.read`; generated.

fn main() -> std::process::ExitCode {
    sportello_runtime::entry::lambda(sportello_customer_area::entry::withdrawal_form_read)
}

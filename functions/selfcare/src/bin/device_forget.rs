//! The Lambda function of `selfcare.device.forget`; generated.

fn main() -> std::process::ExitCode {
    sportello_runtime::entry::lambda(sportello_selfcare::entry::device_forget)
}

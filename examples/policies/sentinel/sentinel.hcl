# Five guardrails over a Terraform plan. The same five stand in every language beside this folder.

module "workloads" {
  source = "./modules/workloads.sentinel"
}

policy "pinned-images" {
  source            = "./pinned-images.sentinel"
  enforcement_level = "hard-mandatory"
  params = {
    registries = ["registry.example.com"]
  }
}

policy "no-privileged-containers" {
  source            = "./no-privileged-containers.sentinel"
  enforcement_level = "hard-mandatory"
}

policy "non-root-containers" {
  source            = "./non-root-containers.sentinel"
  enforcement_level = "soft-mandatory"
}

policy "owner-labels" {
  source            = "./owner-labels.sentinel"
  enforcement_level = "advisory"
}

policy "no-open-entry" {
  source            = "./no-open-entry.sentinel"
  enforcement_level = "hard-mandatory"
}

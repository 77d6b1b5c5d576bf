# Names for the commands that people use; scripts do the work, and each of them has a --help.
.PHONY: help run test bench build images sdk format lint clean
.DEFAULT_GOAL := help

help: ## say what there is
	@sed -n 's/^\([a-z]*\):.*## /make \1	/p' Makefile | expand -t 16

run: ## watch a real server run in a container on an emulated ARM device
	@cross/run-demo

test: ## run every test and check, and say how many passed
	@Tests/run

bench: ## measure against crun, runc and a C program; writes docs/benchmarks.md
	@Tests/Benchmarks/run

build: ## build the device binary for each architecture: .build/device/ARCH/apus
	@cross/build

images: ## build the test images: .build/images/ARCH/NAME
	@cross/images

sdk: ## build the device SDK: .build/sdks
	@toolchain/build

format: ## format the Swift sources
	@swift format --in-place --parallel --recursive Sources Tests Package.swift

lint: ## run the formatter, shellcheck and the like as checks
	@Tests/run lint

clean: ## remove what was built here (the cache outside of the work tree stays)
	@rm -rf .build

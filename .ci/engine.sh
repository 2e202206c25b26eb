# What builds and runs images in .ci/run: docker where its daemon answers; else podman and buildah, which
# need neither a daemon nor a registry, where the tools to set them up are.
tools=../shared/container

# Prints nothing where there is neither.
find_engine() {
    if docker info >/dev/null 2>&1; then
        echo docker
    elif [ -x "$tools/setup" ]; then
        echo podman
    fi
}

# Leaves in `where` what run_phases.py has to know.
open_store() {
    where=(--engine "$engine")
    if [ "$engine" = podman ]; then
        # New in each run: what an earlier one left half-done when it was killed must not decide.
        discard_images
        enter_store
        "$tools/make-base"
        where+=(--builder "$PWD/$tools/build-image" --set BASE_IMAGE=localhost/base:bookworm)
    fi
}

# Ends the containers and removes the images.
discard_images() {
    case ${engine:-} in
    docker) remove_from_docker ;;
    podman) enter_store && empty_store ;;
    esac
    rm -rf --one-file-system -- "$made"
}

enter_store() {
    local settings
    settings=$(CONTAINER_ROOT=$made/containers "$tools/setup") && eval "$settings"
}

empty_store() {
    podman rm --all --force --time 0 || true
    # What is still mounted there, for a container or a build, may be this machine's own /dev.
    findmnt --list --noheadings --output TARGET | grep "^$made/" | sort -r | xargs -r umount --lazy || true
}

remove_from_docker() {
    local variant name
    for variant in cpu gpu; do
        for name in "$image-$variant" "elsewhere/$image-$variant"; do
            docker ps --all --quiet --filter "ancestor=$name" | xargs -r docker rm --force || true
            docker image rm "$name" || true
        done
    done
}

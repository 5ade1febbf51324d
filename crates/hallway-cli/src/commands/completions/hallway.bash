_hallway() {
    # Bash takes words apart at `=`, `:` and `@`: what no blank stands between is one word.
    local rest=${COMP_LINE:0:COMP_POINT} words=() piece blanks candidate
    for piece in "${COMP_WORDS[@]:0:COMP_CWORD+1}"; do
        blanks=${rest%%[![:blank:]]*}
        rest=${rest#"$blanks"}
        [[ ${rest:0:${#piece}} == "$piece" ]] || piece=$rest
        rest=${rest#"$piece"}
        if [[ ${#words[@]} -eq 0 || -n $blanks ]]; then
            words+=("$piece")
        else
            words[${#words[@]}-1]+=$piece
        fi
    done
    # What stands before the piece that bash replaces.
    local whole=${words[${#words[@]}-1]}
    local before=${whole%"$2"}
    COMPREPLY=()
    while IFS= read -r candidate; do
        printf -v candidate %q "${candidate#"$before"}"
        COMPREPLY+=("$candidate")
    done < <(hallway completions bash -- "${words[@]}" 2>/dev/null)
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]]; then
        compopt -o nospace 2>/dev/null
    fi
}
complete -o bashdefault -F _hallway hallway

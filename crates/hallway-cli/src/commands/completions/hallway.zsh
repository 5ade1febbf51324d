#compdef hallway
_hallway() {
    local line
    local -a whole begun
    for line in "${(@f)$(hallway completions zsh -- "${(@)words[1,CURRENT]}" 2>/dev/null)}"; do
        case "${line%%:*}" in
            '') ;;
            *=) begun+=("$line") ;;
            *) whole+=("$line") ;;
        esac
    done
    # What a value is to follow gets no blank behind it.
    (( $#begun )) && _describe -V parameter begun -S ''
    (( $#whole )) && _describe -V value whole
}
if [[ "$funcstack[1]" == _hallway ]]; then _hallway "$@"; else compdef _hallway hallway; fi
